/** A link process for tests: the role alone. */
import { runLink } from '../../../src/link/main.ts';

process.exitCode = await runLink(process.argv.slice(2));
