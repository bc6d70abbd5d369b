// The other side of the telemetry benchmark, in a process of its own: simulated Falcos on loopback, until the parent goes.
import { simulate } from '../e2e/agents/simulate.ts';
import { agentAddress } from './telemetry.ts';

const count = Number(process.argv[2]);
const simulation = await simulate(
  Array.from({ length: count }, (_, index) => ({
    ip: agentAddress(index),
    agent: 'falco' as const,
    version: '0.44.1',
    node: `node-${index}`,
  })),
  { portOf: () => 0 },
);
process.send?.({ port: simulation.boundPort(8765) });
process.once('disconnect', () => void simulation.close());
