// RFC 4180, and nothing in it that a spreadsheet would run.

export const csvLine = (cells: readonly (string | number | boolean | undefined)[]): string =>
  `${cells.map((cell) => csvCell(String(cell ?? ''))).join(',')}\r\n`;

/** Controls but tab and line ends, and what turns the direction of text: a terminal obeys the one, a reader is led astray by the other. */
// oxlint-disable-next-line no-control-regex
const unfit = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

const csvCell = (given: string): string => {
  const text = given.replaceAll(unfit, '\ufffd');
  // A spreadsheet takes these for the beginning of a formula, and names come from whoever may create objects.
  const harmless = /^[\s\0]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};
