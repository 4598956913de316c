/** The built program, where every account of a story can run it. */
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(dirname(import.meta.dirname));
const shared = '/mnt/latchkey';

/** The path of `latchkey`. In a world it is a copy, since the clone may lie in a folder that is root's alone. */
export function program(): string {
  const built = join(root, 'dist');
  if (!existsSync(join(built, 'latchkey'))) throw new Error('dist/ is not built: npm run build');
  if (!process.env.TEST_WORLD) return join(built, 'latchkey');
  if (!existsSync(shared)) {
    mkdirSync(shared, { mode: 0o755 });
    cpSync(built, shared, { recursive: true });
  }
  return join(shared, 'latchkey');
}
