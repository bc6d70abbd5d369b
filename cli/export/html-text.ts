// Text in a page: whatever it holds, it stays text.

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const html = (value: string | number | undefined): string =>
  String(value ?? '').replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);

/** JSON inside of a script element: nothing in it can end the element. */
export const embeddedJson = (value: unknown): string => JSON.stringify(value).replaceAll('<', String.raw`\u003c`);

export const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? '<p class="none">None.</p>'
    : `<table><thead><tr>${header.map((each) => `<th>${html(each)}</th>`).join('')}</tr></thead><tbody>${rows
        .map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
        .join('')}</tbody></table>`;
