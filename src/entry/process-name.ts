import { writeFileSync } from 'node:fs';

/**
 * Names this process as ps(1), pgrep(1), ss(8) and systemctl(1) show it (proc_pid_comm(5)); Node.js calls it
 * "node-MainThread". The command line stays as it is.
 */
export function nameProcess(name: string): void {
  try {
    writeFileSync('/proc/self/comm', name);
  } catch {
    // Without /proc, the name stays.
  }
}
