import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { capture } from '../test/support/terminal/memory-io.ts';
import { DEFAULT_GRACE_MS, LONGEST_GRACE_MS } from './grace-period.ts';

const root = join(import.meta.dirname, '..');

describe('the grace period', () => {
  it('is documented in the API with its default and its limit', () => {
    const proto = readFileSync(join(root, 'proto/latchkey/v1/session.proto'), 'utf8');
    const longest = LONGEST_GRACE_MS / 1000;
    const usual = DEFAULT_GRACE_MS / 1000;
    expect(proto).toContain(
      `// Time between SIGTERM and SIGKILL, 0 to ${longest} seconds; ${usual} seconds when unset.`,
    );
  });

  it('has the same default and limit on the command line', async () => {
    const { stdout } = await capture(['sessions', 'end', '--help']);
    expect(stdout).toContain(`(default: ${DEFAULT_GRACE_MS / 1000})`);
    const longest = LONGEST_GRACE_MS / 1000;
    const end = (grace: string) => capture(['sessions', 'end', 'id', '--grace', grace, '--server', 'x y']);
    expect((await end(`${longest + 1}`)).stderr).toContain(`a number of seconds from 0 to ${longest}`);
    expect((await end(`${longest}`)).stderr).not.toContain('seconds');
  });
});
