/* The curve of the rate: one point a second. */

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 100;

const plot = document.getElementById('plot');
const [grid, area, line] = ['grid', 'area', 'line'].map((name) => {
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('class', name);
  plot.append(path);
  return path;
});

/** The smallest round number that is not below a number. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 3, 4, 6, 8, 10].map((step) => step * power).find((step) => step >= value);
}

/** A number in few characters. */
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** Draws the counts of seconds, the latest one last. */
function drawCurve({ now, seconds }) {
  const highest = Math.max(...seconds);
  const top = ceiling(highest);
  const points = seconds.map((value, x) => `${x} ${(HEIGHT * (1 - value / top)).toFixed(2)}`);
  const last = seconds.length - 1;
  plot.setAttribute('viewBox', `0 0 ${last} ${HEIGHT}`);
  grid.setAttribute('d', [0, HEIGHT / 2, HEIGHT].map((y) => `M0 ${y}H${last}`).join(''));
  line.setAttribute('d', `M${points.join('L')}`);
  area.setAttribute('d', `M0 ${HEIGHT}L${points.join('L')}L${last} ${HEIGHT}Z`);
  document.getElementById('plot-top').textContent = short.format(top);
  document.getElementById('plot-middle').textContent = top > 1 ? short.format(top / 2) : '';
  plot.setAttribute('aria-label', highest === 0
    ? 'No changes in the last five minutes'
    : `Now ${rate(now)} changes a second. The highest of the last five minutes is ${count(highest)},`
      + ` ${duration((last - seconds.lastIndexOf(highest)) * 1000)} ago.`);
}
