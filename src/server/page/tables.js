/* Tables: rows and cells that stay where they are and change only where their text does, so that a
   selection, or the place of a screen reader, is not lost every second. */

/** Text of this page. */
const plain = (text, name = '') => ({ text, name });
/** Text of a client. */
const foreign = (text, name = '') => ({ text: visible(text), name, isForeign: true });
/** A number, in its column. */
const number = (text, name = '') => ({ text, name: `number ${name}` });

const drawn = new WeakMap();

/** Shows parts of text in an element. */
function draw(element, parts) {
  const key = JSON.stringify(parts);
  if (drawn.get(element) === key) return;
  drawn.set(element, key);
  element.replaceChildren(...parts.map(({ text, name, isForeign }) => {
    const part = document.createElement(isForeign ? 'bdi' : 'span');
    part.textContent = text;
    if (name) part.className = name;
    return part;
  }));
}

/** Shows rows in the body of a table. A row is a list of cells, the first of which names the row if it is
    to; a cell is a part of text, or a list of parts. */
function drawRows(body, rows, { hasRowHeaders = false } = {}) {
  const columns = Array.from(body.parentElement.tHead.rows[0].cells, (cell) => cell.textContent);
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, index) => {
    const row = body.rows[index] ?? newRow(body, columns, hasRowHeaders);
    cells.forEach((cell, column) => {
      const parts = [cell].flat();
      const place = row.cells[column];
      const name = parts[0].name.trim();
      if (place.className !== name) place.className = name;
      draw(place, parts.map((part, at) => (at === 0 ? { ...part, name: '' } : part)));
    });
  });
}

/* The roles are those that the elements have. In a narrow window, where they are no table cells, some
   browsers would forget them. */
function newRow(body, columns, hasRowHeaders) {
  const row = body.insertRow();
  row.setAttribute('role', 'row');
  columns.forEach((column, index) => {
    const isHeader = hasRowHeaders && index === 0;
    const cell = document.createElement(isHeader ? 'th' : 'td');
    if (isHeader) cell.scope = 'row';
    cell.setAttribute('role', isHeader ? 'rowheader' : 'cell');
    cell.dataset.column = column;
    row.append(cell);
  });
  return row;
}

/** The same for the parts that are in the document from the beginning. */
function nameRoles() {
  const roles = { TABLE: 'table', THEAD: 'rowgroup', TBODY: 'rowgroup', TR: 'row', TH: 'columnheader' };
  for (const element of document.querySelectorAll('table, thead, tbody, tr, th')) {
    element.setAttribute('role', roles[element.tagName]);
  }
}
