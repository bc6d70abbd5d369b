// The map: one hexagon for each node, the worst first. Each state has a letter besides its colour, for those who print or see in grey.
import type { ExportedAsset } from './assets.ts';
import { html } from './html-text.ts';
import { stateWords } from './states.ts';

const width = 26;
const height = 22.5;
const perRow = 36;

/** A row is moved by half a hexagon against the one above. */
export const hexagonMap = (nodes: readonly ExportedAsset[]): string => {
  const rows = Math.ceil(nodes.length / perRow);
  const size = { w: (Math.min(nodes.length, perRow) + 0.5) * width + 2, h: rows * height + 10 };
  const cells = nodes.map(({ name, profile: { state, reasons } }, index) => {
    const row = Math.floor(index / perRow);
    const x = (index % perRow) * width + (row % 2 === 1 ? width / 2 : 0) + width / 2 + 1;
    const y = row * height + 16;
    const { letter, className } = stateWords[state];
    const why = reasons[0] === undefined ? '' : `: ${reasons[0].cause}`;
    return `<g class="${className}" transform="translate(${round(x)} ${round(y)})"><title>${html(`${name}, ${state}${why}`)}</title><use href="#hexagon"/><text y="4">${letter}</text></g>`;
  });
  return `<svg class="map" role="img" aria-label="One hexagon for each node" viewBox="0 0 ${round(size.w)} ${round(size.h)}" width="${round(size.w)}"><defs><path id="hexagon" d="M0 -14 12 -7 12 7 0 14 -12 7 -12 -7Z"/></defs>${cells.join('')}</svg>`;
};

const round = (value: number): string => String(Math.round(value * 10) / 10);
