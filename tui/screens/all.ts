/** The screens, in the order of their tabs. */
import type { Screen } from '../screen.ts';
import { links } from './links.ts';
import { logins } from './logins.ts';
import { sessions } from './sessions.ts';
import { tokens } from './tokens.ts';

export const screens: readonly [Screen, ...Screen[]] = [logins, tokens, links, sessions];

export function screenNamed(name: string): Screen | undefined {
  return screens.find((screen) => screen.name === name);
}
