/**
 * One program, several roles. The first word says which, and only that role's code is loaded.
 */
const [role, ...rest] = process.argv.slice(2);

/** Runs the role that `role` names; resolves with the exit status. */
async function run(): Promise<number> {
  switch (role) {
    case 'serve':
      return (await import('./serve.ts')).runServe(rest);
    case 'link':
      return (await import('./link/main.ts')).runLink(rest);
    default:
      return (await import('./cli/main.ts')).runCli(process.argv.slice(2));
  }
}

process.exitCode = await run();
