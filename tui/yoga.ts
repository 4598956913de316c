/**
 * The layout engine under Ink, compiled when asked for. The package compiles it while it is being loaded,
 * which a bundle cannot wait for, so build/bundle.ts takes this in its place. Its constants are there
 * from the start.
 */
import * as load from 'yoga-layout/load';

const { loadYoga, ...enums } = load;

/** `Edge.Top` is called `EDGE_TOP` here. */
const constants = Object.entries(enums).flatMap(([name, members]) =>
  Object.entries(members).map(([member, value]) => [`${upper(name)}_${upper(member)}`, value] as const),
);

const yoga = Object.fromEntries<unknown>(constants);
export default yoga;

/** To be waited for before anything is drawn. */
export async function loadLayout(): Promise<void> {
  Object.assign(yoga, await loadYoga());
}

function upper(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
}
