import { describe, expect, test } from 'vitest';
import { checkGroups, namesInGroupConf } from './link-groups.ts';

const UNNAMED = 4_123_456_789;

describe('the groups of a link', () => {
  test('may be fewer than those that logins get', async () => {
    await expect(checkGroups('alice', [1000, 0, 1], [1000, 0])).resolves.toBeUndefined();
  });

  test('are refused by name, or by number, when logins do not get them', async () => {
    const refused = checkGroups('alice', [1000], [1000, 0, UNNAMED]);
    await expect(refused).rejects.toMatchObject({
      reason: 'LINK_REFUSED',
      message: expect.stringMatching(`logins of alice do not get now: root, gid ${UNNAMED};`),
    });
  });

  test.each([
    ['', []],
    ['# sshd;*;*;Al0000-2400;floppy\n', []],
    ['sshd;*;*;Al0000-2400;floppy # ,tape\n', ['floppy']],
    ['xsh; tty* ;us;Al0000-2400; games, sound\n\n*;*;%team;Al;\\\n video\n', ['games', 'sound', 'video']],
    ['sshd;*;*;Al0000-2400\n', []],
  ])('that pam_group gives are read from %j', (text, names) => {
    expect([...namesInGroupConf(text)]).toEqual(names);
  });
});
