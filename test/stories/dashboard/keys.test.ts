/** The dashboard's keys, in a real terminal: each one in the help has an effect (X7). */
import { describe, expect, test } from 'vitest';
import { alice, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { DashboardSite, SESSIONS, TMUX_KEYS } from '../../support/terminal/dashboard.ts';
import type { Screen } from '../../support/terminal/screen.ts';
import type { View } from '../../support/terminal/view.ts';

describe('the dashboard', needs('world', 'tmux'), () => {
  const site = DashboardSite.ofSuite();

  test('reacts to every key of its help', { timeout: 120_000 }, async () => {
    await Promise.all(Array.from({ length: 40 }, (_, at) => site.start(alice, 'sleep', `${2000 + at}`)));
    using screen = await site.dashboard(alice, '', { columns: 70, rows: 50 });
    screen.press(...SESSIONS);
    await screen.shows({ title: /^Sessions · 1 of \d+/, line: 'running' });
    screen.press('?');
    const help = await screen.shows({ title: 'Keys', footer: 'esc back' });
    const rows = [...help.text.matchAll(/^(\S+(?: \S+)*) {2,}\S.*$/gm)].map(([, keys = '']) =>
      keys.split(' '),
    );
    const keys = rows.slice(1).flat();
    expect(keys).toEqual(
      expect.arrayContaining([
        'j',
        'pgdn',
        'G',
        '/',
        '>',
        '<',
        'x',
        'K',
        'f',
        'r',
        'space',
        '*',
        'shift-tab',
        ':',
      ]),
    );
    screen.press('Escape');
    screen.resize(70, 24);
    for (const key of keys.filter((each) => each !== 'q' && each !== '^c')) {
      screen.press('Escape'); // whatever has been opened
      await screen.shows({ footer: '? help' });
      screen.press('3');
      await screen.shows({ title: /^Links · 1 of/ });
      screen.press(...SESSIONS);
      await screen.shows({ title: /^Sessions · 1 of/ });
      screen.press('PPage', 'NPage', 'Space');
      const before = await screen.shows({
        title: /^Sessions · 20 of \d+ · 1 marked/,
        lines: [/^ ●s/, /^▸ s/, /^/, /^\? help/],
      });
      screen.press(TMUX_KEYS[key] ?? key);
      await screen.until(`something after ${key}`, (view) => steady(view.text) !== steady(before.text));
      await BACK[key]?.(screen);
    }
  });

  test.for([
    ['an open row', [':', 'tok', 'Enter', 'Enter', 'j'], { selected: /^login /, footer: 'x revoke' }],
    [
      'the overview',
      ['1'],
      { title: /^Overview$/, lines: [/^Overview$/, /^\d+ log/], footer: 'q quit  : go to' },
    ],
  ] as const)('reacts to every key of its help on %s', async ([, way, place]) => {
    using screen = await site.dashboard(root, '', { columns: 70, rows: 50 });
    screen.press(...way);
    await screen.shows(place);
    screen.press('?');
    const help = await screen.shows({ title: 'Keys', footer: 'esc back' });
    const keys = [...help.text.matchAll(/^(\S+(?: \S+)*) {2,}\S.*$/gm)]
      .slice(1)
      .flatMap(([, names = '']) => names.split(' '))
      .filter((key) => !['q', '^c', '^z', '1'].includes(key));
    expect(keys).toEqual(expect.arrayContaining(['?', '4', 'tab', 'shift-tab', ':']));
    screen.press('Escape');
    screen.resize(70, 14);
    for (const key of keys) {
      screen.press('4');
      await screen.shows({ title: /^Links · 1 of/ });
      screen.press(...way);
      const before = where(await screen.shows(place));
      screen.press(TMUX_KEYS[key] ?? key);
      await screen.until(`something after ${key}`, (view) => where(view) !== before);
      screen.press('Escape'); // whatever has been opened
      await screen.shows({ footer: '? help' });
    }
  });
});

/** Returns to the dashboard from the shell. */
const BACK: Readonly<Record<string, (screen: Screen) => Promise<unknown>>> = {
  '^z': async (screen) => {
    await screen.shows(/ended with 148/);
    screen.enter('fg');
    return screen.shows({ footer: '? help' });
  },
};

/** Returns the place in the dashboard: the title, the line of the cursor, the prompt and the keys. */
function where({ title, selected, prompt, footer }: View): string {
  return steady([title, selected, prompt, footer].join('\n'));
}

/** Returns a screen without the text that changes with time. */
function steady(text: string): string {
  return text.replaceAll(/now|\d+ (?:s|min) ago/g, 'then').replaceAll(/ +/g, ' ');
}
