/** Runs only the role `link`, as a process for tests. */
import { runLink } from '../../../src/link/main.ts';

process.exitCode = await runLink(process.argv.slice(2));
