import { describe, expect, it } from 'vitest';
import { createWebhookMetrics } from './metrics.ts';

const observe = (reportAge: number | undefined) =>
  createWebhookMetrics({
    cacheStaleness: () => ({ nodes: 1.5 }),
    reportAge: () => reportAge,
    certificateExpiry: () => ({ ca: 1_800_000_000_000 }),
    selfProbe: () => true,
  });

describe('the metrics', () => {
  it('are named as Prometheus wants them: our prefix, base units, _total for counters and for nothing else', async () => {
    for (const { name, help, type } of await observe(1).registry.getMetricsAsJSON()) {
      expect(name).toMatch(/^workload_protection_webhook_[a-z_]+$/);
      expect(help).toMatch(/\.$/);
      expect(name.endsWith('_total')).toBe(String(type) === 'counter');
      if (String(type) !== 'counter') expect(name).toMatch(/_(seconds|success|in_flight)$/);
    }
  });

  it('say nothing of the age of a report that there is not', async () => {
    const sample = /^workload_protection_webhook_report_age_seconds (.*)$/m;
    expect(sample.exec(await observe(7).registry.metrics())?.[1]).toBe('7');
    expect(sample.exec(await observe(undefined).registry.metrics())).toBeNull();
  });

  it('tell how many requests are in flight at the time of asking', async () => {
    const { inFlight, registry } = observe(1);
    inFlight(3);
    inFlight(2);
    expect(await registry.metrics()).toContain('workload_protection_webhook_requests_in_flight 2');
  });

  it('give certificates their end in seconds', async () => {
    expect(await observe(1).registry.metrics()).toContain(
      'certificate_expiry_timestamp_seconds{certificate="ca"} 1800000000',
    );
  });
});
