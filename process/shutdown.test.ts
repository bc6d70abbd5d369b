import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listenForShutdown } from './shutdown.ts';

const listen = () => {
  const signals = new EventEmitter();
  const exits: number[] = [];
  const stops: string[] = [];
  const shutdown = listenForShutdown({
    signals,
    exit: (code) => exits.push(code),
    onStop: (name) => stops.push(name),
  });
  return { signals, exits, stops, shutdown };
};

describe('shutdown', () => {
  it('aborts the signal once, at the first request to stop', () => {
    const { signals, exits, stops, shutdown } = listen();
    expect(shutdown.signal.aborted).toBe(false);
    signals.emit('SIGTERM');
    expect([shutdown.signal.aborted, shutdown.signal.reason, exits, stops]).toEqual([true, 'SIGTERM', [], ['SIGTERM']]);
  });

  it('exits at once at the second request, whichever it is', () => {
    const { signals, exits } = listen();
    signals.emit('SIGTERM');
    signals.emit('SIGINT');
    expect(exits).toEqual([130]);
  });

  it('leaves no listener behind', () => {
    const { signals, shutdown } = listen();
    shutdown.release();
    expect(signals.listenerCount('SIGTERM') + signals.listenerCount('SIGINT')).toBe(0);
  });
});
