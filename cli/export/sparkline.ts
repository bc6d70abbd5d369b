// The history of a report as a line: workloads protected, in percent.
import type { CoverageReportStatus } from '../../crds/schema/coverage-report.ts';
import { html } from './html-text.ts';

type Moment = NonNullable<CoverageReportStatus['history']>[number];

const size = { width: 720, height: 90 } as const;

/** Empty where there are not two points to join. */
export const sparkline = (history: readonly Moment[]): string => {
  const known = history.filter(({ workloadsPercent }) => workloadsPercent !== undefined);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || known.length < 2) return '';
  const points = known.map(({ workloadsPercent = '0' }, index) => {
    const x = (index / (known.length - 1)) * size.width;
    const y = size.height - (Number.parseFloat(workloadsPercent) / 100) * (size.height - 4) - 2;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return `<svg class="history" role="img" aria-label="Workloads protected over time" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}"><path class="frame" d="M0 0H${size.width}V${size.height}H0Z"/><polyline points="${points.join(' ')}"/></svg><p class="note">From ${html(first.time)} (${html(first.workloadsPercent)} %) to ${html(last.time)} (${html(last.workloadsPercent)} %); the frame is 0 to 100 %.</p>`;
};
