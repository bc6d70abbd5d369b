import type { Ear, ListeningNode, Proof } from '../observe.ts';

export type EarOverrides = Partial<Omit<Ear, 'proof'>> & { readonly proof?: Partial<Proof> };

/** Of a Falco that has just answered. */
export const anEar = ({ proof, ...overrides }: EarOverrides = {}): Ear => ({
  agent: 'falco',
  evidence: 'Loaded',
  trouble: undefined,
  silence: undefined,
  ruleNotLoaded: undefined,
  declaredRules: [],
  undelivered: undefined,
  proof: { answeredAgo: 0, deliveredAgo: 0, isOpen: false, ...proof },
  reachable: 'Loaded',
  shown: 'Loaded',
  ...overrides,
});

export const aNode = (name: string, ...ears: readonly EarOverrides[]): ListeningNode => ({
  name,
  ears: ears.map(anEar),
  isShedding: false,
});
