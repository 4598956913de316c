/** latchkey-json(5). */
import type { Description, JsonManual } from '../../src/cli/output/json-manual.ts';
import { STATUS } from '../../src/exit-status.ts';
import type { Page } from './roff.ts';

/** Writes the page about everything that --json prints. */
export function writeJson(page: Page, { documents, events, failure, objects }: JsonManual): void {
  page
    .heading('Description')
    .paragraph(
      'With --json a command prints one JSON object on standard output, and nothing else there. Every member named here is ' +
        'always there, if nothing else is said: null stands for what is absent, [] for none. A time is a string, RFC 3339 ' +
        'in UTC with milliseconds; an integer is a number. Members may be added, and are never renamed or dropped. Control ' +
        'characters are escaped, also those that JSON would allow.',
    )
    .paragraph(
      'A failure is one object on a line of standard error. start and attach leave both streams to the program ' +
        'that they show, and say in words what goes wrong.',
    )
    .paragraph(
      'With --watch, every line is one object, as it happens: first there for all there is, then complete, then there ' +
        'for what is new or different, and gone. After a time without the server only what is different comes, and complete again.',
    );
  page.heading('Commands');
  for (const [name, members] of Object.entries({ ...documents, ...events, failure }))
    writeMembers(page, name, members);
  page.heading('Objects');
  for (const [name, members] of Object.entries(objects)) writeMembers(page, name, members);
  page.heading('Reasons').paragraph('With the exit status of each:');
  for (const [reason, status] of Object.entries(STATUS)) page.item(reason, `${status}`);
}

function writeMembers(page: Page, name: string, members: Description): void {
  page.subheading(name);
  for (const [member, { type, about }] of Object.entries(members))
    page.item(member, about === '' ? `(${type})` : `(${type}) ${about}`);
}
