import { afterEach, describe, expect, it } from 'vitest';
import { stepTo } from './follow.ts';
import type { SimulatedAgent } from './simulated-agent.ts';
import { simulate, type Simulation } from './simulate.ts';

let simulation: Simulation;
afterEach(() => simulation.close());

const falco = (ip: string, version = '0.44.1'): SimulatedAgent => ({ ip, agent: 'falco', version });

describe('keeping in step with pods', () => {
  it('adds who is new, removes who is gone, and leaves who stays as it was told to be', async () => {
    simulation = await simulate([falco('127.0.8.1'), falco('127.0.8.2')], { portOf: () => 0 });
    simulation.tell({ ips: ['127.0.8.1'] }, { answers: 'hanging' });
    expect(await stepTo(simulation, [falco('127.0.8.1'), falco('127.0.8.3')])).toEqual({ added: 1, removed: 1 });
    const behaviours = simulation.agents().map(({ agent, behaviour }) => [agent.ip, behaviour.answers]);
    expect(Object.fromEntries(behaviours)).toEqual({ '127.0.8.1': 'hanging', '127.0.8.3': 'normal' });
  });

  it('takes an address that has gone to another version as a new agent', async () => {
    simulation = await simulate([falco('127.0.8.1')], { portOf: () => 0 });
    expect(await stepTo(simulation, [falco('127.0.8.1', '0.36.2')])).toEqual({ added: 1, removed: 1 });
    expect(simulation.agents().map(({ agent }) => agent.version)).toEqual(['0.36.2']);
  });
});
