// Once before all suites: every program that they start is there, so that no test's deadline pays for a build. Each suite starts its
// own control plane.
import { locateBinaries } from '../control-plane/binaries/locate.ts';
import { obtainPromtool } from './support/promtool.ts';

export default async function setup(): Promise<void> {
  await locateBinaries();
  const promtool = await obtainPromtool();
  if (!promtool.ok) process.stderr.write(`${promtool.why}; what it judges is left out of this run\n`);
}
