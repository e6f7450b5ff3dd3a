/* Text: numbers and times as people read them, and what clients have sent, made harmless and visible. */

const integers = new Intl.NumberFormat('en');
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** A count. */
function count(value) {
  return integers.format(value);
}

/** A rate a second: a small one with a decimal. */
function rate(value) {
  return value < 10 ? tenths.format(value) : integers.format(Math.round(value));
}

/** A duration in milliseconds, in the largest unit that fits. */
function duration(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 1440 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(minutes / 1440)} d`;
}

/** A time before now, both in milliseconds. */
function ago(then, now) {
  return now - then < 1500 ? 'now' : `${duration(now - then)} ago`;
}

/* Control characters, and those that are invisible, change the direction of text or join with their
   neighbours without end. */
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udfff]/gu;
const marks = /(\p{M}{3})\p{M}+/gu;

/** Text of a client as it is shown: what would not be seen is written as an escape, such as \u202e. */
function visible(text) {
  const escape = (character) => {
    const code = character.codePointAt(0);
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  };
  return String(text).replace(marks, '$1…').replace(unseen, escape);
}
