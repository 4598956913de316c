/** Program that opens a tree of cgroups and keeps it until SIGTERM: `node … CONTROLLER`. */
import { CgroupTree } from '../../../src/supervisor/cgroups/cgroup-tree.ts';

const log = { debug: (details: object) => console.error(details), info: () => {} };
const limits = { processes: 10, memoryBytes: 2 ** 26 };
const tree = await CgroupTree.open({ limits: () => limits, controllers: process.argv.slice(2), log });
await tree?.withNewLink(7001, async ({ joinFile }) => console.log(joinFile));
process.once('SIGTERM', () => void tree?.[Symbol.asyncDispose]().then(() => process.exit()));
console.log(tree === undefined ? 'none' : 'open');
setInterval(() => {}, 1000);
