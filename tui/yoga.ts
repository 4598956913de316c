/**
 * The layout engine of Ink, compiled on demand. The package compiles it while it is loaded, which a bundle
 * cannot wait for; build/bundle.ts replaces the package by this file. Its constants are available from the
 * start.
 */
import * as load from 'yoga-layout/load';

const { loadYoga, ...enums } = load;

/** `Edge.Top` is named `EDGE_TOP` here. */
const constants = Object.entries(enums).flatMap(([name, members]) =>
  Object.entries(members).map(([member, value]) => [`${upper(name)}_${upper(member)}`, value] as const),
);

const yoga = Object.fromEntries<unknown>(constants);
export default yoga;

/** Compiles the engine. Must be awaited before anything is drawn. */
export async function loadLayout(): Promise<void> {
  Object.assign(yoga, await loadYoga());
}

function upper(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
}
