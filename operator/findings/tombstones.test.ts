import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { findingSchema, type Finding } from '../../crds/schema/finding.ts';
import { canonicalJson } from '../../domain/snapshot/canonical-json.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { createStatusWriter } from '../status.ts';
import { createRecordingWriter } from '../testing/recording-writer.ts';
import type { RawObject } from '../watches.ts';
import type { LiveFinding } from './book/live-finding.ts';
import { hour, only, setUp } from './testing/world.ts';
import { createTombstones } from './tombstones.ts';

const namespace = 'workload-protection';

/** A finding whose namespace goes, and what is made of it. */
const graveyard = (
  options: { readonly most?: number; readonly isExported?: boolean; readonly isWatchQuicker?: boolean } = {},
) => {
  const world = setUp();
  world.post();
  world.write();
  const { key, finding } = only(world.book());
  const stored = world.objects.get(key);
  const object = { ...stored, metadata: { ...stored?.metadata, uid: 'uid-1' } } as RawObject;
  const writer = createRecordingWriter();
  const clock = new FakeClock();
  const enqueued: string[] = [];
  const status = createStatusWriter(writer, () => {
    if (options.isWatchQuicker === true) bring();
  });
  const tombstones = createTombstones({
    namespace,
    retentionMs: hour,
    most: options.most ?? 10,
    isExported: () => options.isExported ?? false,
    writer,
    status,
    enqueue: (name) => enqueued.push(name),
    clock,
  });
  const bury = (uid = 'uid-1', annotations?: Readonly<Record<string, string>>): LiveFinding => {
    const buried = { ...object, metadata: { ...object.metadata, uid, ...(annotations && { annotations }) } };
    const ofTeam = { ...finding, record: { ...finding.record, team: 'payments' } };
    tombstones.bury(ofTeam, buried, { services: [] });
    return ofTeam;
  };
  const work = async (): Promise<void> => {
    for (const name of enqueued.splice(0)) await tombstones.reconcile(name);
  };
  /** What was written, as the watch brings it. */
  const bring = (): readonly Finding[] =>
    writer.writes
      .filter(({ verb }) => verb === 'applyStatus')
      .map(({ name, object: written }) => {
        const read = findingSchema.parse({
          apiVersion: 'workloadprotection.dev/v1alpha1',
          kind: 'Finding',
          metadata: { namespace, name },
          status: JSON.parse(JSON.stringify(written?.['status'])) as object,
        }) as Finding;
        tombstones.seen(name, read);
        return read;
      });
  return { ...world, object, tombstones, writer, clock, enqueued, bury, work, bring };
};

describe('what is left of a finding whose namespace goes', () => {
  test('stays as another leader has left it', async () => {
    const { bury, work, writer } = graveyard();
    const apply = writer.apply.bind(writer);
    const stands = { status: { tombstone: { time: '2026-11-22T00:00:00Z' } } };
    Object.assign(writer, {
      apply: async (...of: Parameters<typeof apply>) => ({ ...(await apply(...of)), ...stands }),
    });
    bury();
    await work();
    await work();
    expect(writer.writes.map(({ verb }) => verb)).toEqual(['apply']);
  });

  test('says whose it was, how it came, and by its digest what it was', async () => {
    const { bury, work, bring, object } = graveyard();
    bury();
    await work();
    const { status, spec } = object as unknown as Finding;
    const { name } = object.metadata;
    const was = {
      apiVersion: 'workloadprotection.dev/v1alpha1',
      kind: 'Finding',
      metadata: { namespace: 'shop', name, uid: 'uid-1' },
      spec,
      status,
    };
    expect(bring()).toMatchObject([
      {
        metadata: { namespace, name: expect.stringMatching(/^shop-compiler-in-container-cart-\w+-\w+$/) },
        status: {
          behaviour: 'CompilerInContainer',
          subject: { namespace: 'shop', reference: 'Deployment/cart', team: 'payments' },
          phase: 'Resolved',
          resolution: 'Gone',
          count: 1,
          evidence: [{ rule: 'Compiler run in container' }],
          history: [{ reason: 'BehaviourSeen' }, { reason: 'SubjectGone' }],
          tombstone: {
            digest: `sha256:${createHash('sha256').update(canonicalJson(was)).digest('hex')}`,
            exported: false,
          },
        },
      },
    ]);
  });

  test('says whether the outside was told of all of it', async () => {
    const { bury, work, bring } = graveyard({ isExported: true });
    bury();
    await work();
    expect(bring()[0]?.status?.tombstone?.exported).toBe(true);
  });

  test('says which finding it was and how far the outside was told of it, so that the rest can be told', async () => {
    const { bury, work, writer, object } = graveyard();
    const told = { 'workloadprotection.dev/cloudevents-told': 'the-last', 'example.com/ticket': '1' };
    bury('uid-1', told);
    await work();
    expect(writer.writes.find(({ verb }) => verb === 'apply')?.object?.['metadata']).toMatchObject({
      annotations: {
        'workloadprotection.dev/tombstone-of': `shop/${object.metadata.name}/uid-1`,
        'workloadprotection.dev/cloudevents-told': 'the-last',
      },
    });
  });

  test('ends the finding in the same way where that stands a little longer, or its end would be told twice', async () => {
    const { bury, work, bring } = graveyard();
    const { record } = bury();
    await work();
    expect(record.state).toMatchObject({ phase: 'Resolved', resolution: 'Gone' });
    expect(record.history.map(({ reason, time }) => [reason, time - (time % 1000)])).toEqual(
      bring()[0]?.status?.history?.map(({ reason, time }) => [reason, Date.parse(time)]),
    );
  });

  test('is written once, however often the finding is buried', async () => {
    const { bury, work, bring, writer } = graveyard();
    bury();
    bury();
    await work();
    bury();
    await work();
    bring();
    bury();
    await work();
    expect(writer.writes.map(({ verb }) => verb)).toEqual(['apply', 'applyStatus']);
  });

  test('is written again where writing failed', async () => {
    const { bury, work, enqueued, writer, tombstones } = graveyard();
    bury();
    const [name = ''] = enqueued;
    writer.failNext(new Error('timeout'));
    await expect(work()).rejects.toThrow('timeout');
    await tombstones.reconcile(name);
    expect(writer.writes.map(({ verb }) => verb)).toEqual(['apply', 'applyStatus']);
  });

  test('goes when its time is over, and not before', async () => {
    const { bury, work, bring, writer, clock, tombstones } = graveyard();
    bury();
    await work();
    bring();
    await clock.advance(hour - 1);
    tombstones.look();
    await work();
    expect(writer.writes.filter(({ verb }) => verb === 'delete')).toEqual([]);
    await clock.advance(1001);
    tombstones.look();
    await work();
    expect(writer.writes.filter(({ verb }) => verb === 'delete')).toHaveLength(1);
  });

  test('goes when its time is over, too, where the watch brought it before the answer to writing it', async () => {
    const { bury, work, writer, clock, tombstones } = graveyard({ isWatchQuicker: true });
    bury();
    await work();
    await clock.advance(2 * hour);
    tombstones.look();
    await work();
    expect(writer.writes.map(({ verb }) => verb)).toEqual(['apply', 'applyStatus', 'delete']);
  });

  test('of more namespaces than are kept goes with the oldest first', async () => {
    const { bury, work, bring, writer, clock, tombstones } = graveyard({ most: 2 });
    for (const uid of ['a', 'b', 'c']) {
      bury(uid);
      await work();
      await clock.advance(2000);
    }
    const [oldest] = bring();
    tombstones.look();
    await work();
    expect(writer.writes.filter(({ verb }) => verb === 'delete')).toEqual([
      { verb: 'delete', kind: 'Finding', name: oldest?.metadata.name },
    ]);
  });

  test('is no finding to the next leader', async () => {
    const { bury, work, bring, objects, restart, now, book } = graveyard();
    bury();
    await work();
    const [tombstone] = bring();
    objects.clear();
    if (tombstone !== undefined) objects.set(`${namespace}/${tombstone.metadata.name}`, tombstone);
    restart(now());
    expect(objects.size).toBe(1);
    expect([...book().all()]).toEqual([]);
  });

  test('leaves the findings of the operator’s own namespace alone', async () => {
    const { tombstones, writer } = graveyard();
    expect(await tombstones.reconcile('outdated-kernel-node-1-9c19cede')).toBe(false);
    expect(writer.writes).toEqual([]);
  });
});
