/** Keeping people from sessions in the dashboard: disconnecting, cordoning, giving to another login. */
import { describe, expect, test } from 'vitest';
import { alice, bob, dora, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { DashboardSite, SESSIONS } from '../../support/terminal/dashboard.ts';

const ACTIONS = / d disconnect| c cordon| C uncordon/;

describe('the dashboard', needs('world', 'tmux'), () => {
  const site = DashboardSite.ofSuite();

  test('cordons a session, which its owner then cannot read, and uncordons it (F28)', async () => {
    const id = await site.start(alice, 'sh', '-c', 'echo before; sleep 3000');
    await site.start(alice, 'sleep', '3001');
    using owner = await site.dashboard(alice);
    owner.press(...SESSIONS, 'j');
    await owner.shows({ selected: 'sh -c', footer: 'd disconnect  f follow  r read', no: 'cordon' });
    owner.press('r');
    await owner.shows({ lines: [/^running$/, /^before$/] });
    using manager = await site.dashboard(bob);
    manager.press(...SESSIONS, 'j');
    await manager.shows({ selected: 'sh -c', footer: 'd disconnect  c cordon', no: 'C uncordon' });
    manager.press('c');
    await manager.shows({ title: 'Cordon', line: [/^Type why/, id], prompt: 'message: _' });
    manager.press('for', 'Space', 'the', 'Space', 'audit', 'Enter');
    await manager.shows({
      title: 'Cordon?',
      line: [id, 'Disconnects 1 client.', /The owner is shown: for the audit/],
      footer: 'y yes  n no',
    });
    await owner.shows({ line: /^before$/ });
    manager.press('y');
    await manager.shows({
      prompt: 'Cordoned 1 session, and disconnected 1 client.',
      selected: /running, cordoned/,
      footer: 'K signal  C uncordon',
      no: / d disconnect| c cordon/,
    });
    const why = 'bob has cordoned this session: for the audit';
    await owner.shows({ lines: [new RegExp(`^cannot be read: ${why}$`), /^before$/], no: 'K signal' });
    owner.press('q');
    await owner.shows({
      selected: /running, cordoned/,
      footer: 'x end  K signal  q quit',
      no: /f follow|r read/,
    });
    owner.press('f', 'r', 'd', 'C', 'Enter');
    await owner.shows({
      title: `session ${id} of alice`,
      line: [/^ {2}state +running, cordoned$/, /^ {2}cordoned by +bob$/, /^ {2}message +for the audit$/],
      footer: 'x end  K signal  q quit',
      no: /f follow|r read|disconnect/,
    });
    manager.press('/', 'cordoned', 'Enter');
    await manager.shows({ title: 'filter "cordoned" · 1 of 1', selected: 'sh -c' });
    manager.press('C');
    await manager.shows({ title: 'Uncordon?', line: 'The owner can attach to the session', footer: 'y yes' });
    manager.press('y');
    await manager.shows({ title: 'filter "cordoned" · none', prompt: 'Uncordoned 1 session.' });
    await owner.shows({ line: /^ {2}state +running$/, footer: 'r read', no: 'cordoned by' });
    using onlyLooking = await site.dashboard(bob, '--read-only');
    onlyLooking.press(...SESSIONS);
    await onlyLooking.shows({ title: 'Sessions · 1 of', no: ACTIONS });
    onlyLooking.press('d', 'c', 'C', '?');
    await onlyLooking.shows({ title: 'Keys', no: /disconnect|cordon/ });
  });

  test('gives a cordoned session to another login, whose name is typed (V3)', async () => {
    await site.daemon.link(dora);
    const id = await site.start(alice, 'sleep', '3000');
    await site.daemon.cli(bob, ['sessions', 'cordon', id, '--message', 'dora takes over']);
    using screen = await site.dashboard(root);
    screen.press(...SESSIONS, 'C');
    await screen.shows({ title: 'Uncordon', line: 'Type the login that it goes to', prompt: 'login: _' });
    screen.press('nobody', 'Enter');
    await screen.shows({ title: 'Uncordon?', line: 'there is no login "nobody", or it has never logged in' });
    screen.press('y');
    await screen.shows({ title: 'Result', line: 'there is no login "nobody", or it has never logged in' });
    screen.press('Escape', 'Enter', 'C', 'dora', 'Enter');
    await screen.shows({ title: 'Uncordon?', line: 'then belongs to dora', no: /Asking|no login/ });
    screen.press('y');
    await screen.shows({
      title: `session ${id} of dora`,
      line: [/^ {2}state +running$/, /^ {2}started by +alice$/],
      prompt: 'Gave 1 session to dora.',
      no: 'C uncordon',
    });
    expect(await site.daemon.as(dora).session(id)).toMatchObject({ login: 'dora', linuxUser: 'alice' });
  });

  test('disconnects the clients of a session, after a question that counts them (F28)', async () => {
    const id = await site.start(alice, 'sh', '-c', 'echo before; sleep 3000');
    const clients = [
      site.daemon.begin(alice, ['sessions', 'read', '--follow', id]),
      site.daemon.begin(alice, ['attach', id]),
    ];
    for (const client of clients) await client.printed(/before/);
    using screen = await site.dashboard(bob);
    screen.press(...SESSIONS);
    await screen.shows({ selected: 'sh -c', footer: 'd disconnect' });
    screen.press('d');
    await screen.shows({ title: 'Disconnect?', line: ['Disconnects 2 clients.', 'The session continues.'] });
    screen.press('n', 'd', 'y');
    await screen.shows({ selected: /running/, prompt: 'Disconnected 2 clients.' });
    for (const client of clients)
      expect((await client.finished).stderr).toContain('disconnected by bob; the session continues');
    screen.press('d');
    await screen.shows({ title: 'Disconnect?', line: 'Nobody is attached, or follows the output.' });
  });
});
