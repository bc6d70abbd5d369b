// States for those who have never seen the product.
import type { AssetState } from '../../crds/schema/vocabulary.ts';

export interface StateWords {
  readonly letter: string;
  readonly className: string;
  readonly meaning: string;
}

export const stateWords: Readonly<Record<AssetState, StateWords>> = {
  Protected: {
    letter: 'P',
    className: 'protected',
    meaning: 'Everything that is required holds, and the evidence for it is fresh.',
  },
  Warning: {
    letter: 'W',
    className: 'warning',
    meaning: 'Protected, but degraded: an agent is outdated, or events are lost.',
  },
  Unknown: {
    letter: '?',
    className: 'unknown',
    meaning: 'Not yet reported, or no longer. It counts as not protected.',
  },
  Incomplete: {
    letter: 'I',
    className: 'incomplete',
    meaning: 'An agent works, but detection policies, rules or techniques that are required are missing.',
  },
  Failed: {
    letter: 'F',
    className: 'failed',
    meaning: 'The agent, or one of its policies or rules, failed to start or load.',
  },
  NoProtection: {
    letter: '0',
    className: 'no-protection',
    meaning: 'An agent runs, but its runtime protection is switched off.',
  },
  NoAgent: { letter: 'X', className: 'no-agent', meaning: 'No agent can see the asset.' },
  Exempt: {
    letter: 'E',
    className: 'exempt',
    meaning: 'Somebody decided that it need not be protected, with a reason and an end.',
  },
  NotRunning: { letter: '-', className: 'exempt', meaning: 'Nothing of it runs. It counts neither for nor against.' },
};
