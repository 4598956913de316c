/** The screens, in the order of their tabs. */
import type { CallerIdentity } from '../../src/client/watch/reconnecting-client.ts';
import type { Screen } from '../screen.ts';
import { links } from './links.ts';
import { logins } from './logins.ts';
import { overview } from './overview.ts';
import { sessions } from './sessions.ts';
import { tokens } from './tokens.ts';

export const screens: readonly Screen[] = [overview, logins, tokens, links, sessions];

export function screensFor(who: CallerIdentity): Screen[] {
  return screens.filter(({ isFor }) => isFor?.(who) ?? true);
}

export function screenNamed(name: string): Screen | undefined {
  return screens.find((screen) => screen.name === name);
}
