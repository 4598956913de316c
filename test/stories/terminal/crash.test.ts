/** The terminal of a command that fails while it shows a session (X9). */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { Screen } from '../../support/terminal/screen.ts';

const ATTACHED = join(import.meta.dirname, '../../support/terminal/attached-program.ts');

describe('a terminal that shows a session', needs('world', 'tmux'), () => {
  test.for(['timer', 'promise'])('is restored after a crash of this command: %s', async (how) => {
    using screen = new Screen(root, { env: { NODE_NO_WARNINGS: '1' } });
    screen.enter('stty -a | md5sum');
    const [settings = ''] = /[0-9a-f]{32}/.exec((await screen.shows(/[0-9a-f]{32}/)).text) ?? [];
    const titleBefore = screen.windowTitle;
    screen.enter(`${process.execPath} --experimental-ffi ${ATTACHED} ${how}; echo ended with $?`);
    await screen.shows(/^all is well/);
    expect([screen.modes, screen.hasMouse, screen.windowTitle]).toEqual(['1 0', true, 'my title\n']);
    await screen.shows({ line: [/Error: .* went wrong$/, /^ended with 1$/] });
    expect([screen.modes, screen.hasMouse, screen.windowTitle]).toEqual(['0 1', false, titleBefore]);
    screen.enter('clear; stty -a | md5sum');
    await screen.shows(new RegExp(settings));
  });
});
