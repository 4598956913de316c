import { spawnSync } from 'node:child_process';

/**
 * Runs TypeScript modules in a process of its own that has no descriptors left: `script` runs once `prepare`,
 * which imports what it needs, has ended. Returns its exit status and what it has printed.
 */
export function withoutDescriptors(
  prepare: string,
  script: string,
): { status: number | null; stdout: string; stderr: string } {
  const exhaust = `
    {
      const { openSync } = await import('node:fs');
      try {
        for (;;) openSync('/dev/null');
      } catch {}
    }
  `;
  const node = [process.execPath, '--experimental-ffi', '--no-warnings', '--input-type=module', '-e'];
  const words = ['-c', 'ulimit -n 64 && exec "$@"', 'sh', ...node, prepare + exhaust + script];
  const { status, stdout, stderr } = spawnSync('/bin/sh', words, { encoding: 'utf8' });
  return { status, stdout, stderr };
}
