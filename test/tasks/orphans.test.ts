import { expect, test } from "bun:test";
import { readProcessList } from "../../src/tasks/orphans.ts";

test("readProcessList() finds processes by their mark, and those of the same group", () => {
  const list = `
    1     1 Ss   /sbin/launchd
  501   501 S    /bin/sh -c sleep 1000
  502   501 S    node server.js HOME=/Users/me RUNNER_TASK_ID=r1/build PATH=/bin
  503   503 S    node other.js RUNNER_TASK_ID=r1/build-2
  504   504 Z    (node) RUNNER_TASK_ID=r1/build
  505   505 R+   make RUNNER_TASK_ID=r1/two words
 nonsense
`;
  expect(readProcessList(list, new Map([["RUNNER_TASK_ID=r1/build", "build"]]))).toEqual([
    { pid: 501, task: "build" },
    { pid: 502, task: "build" },
  ]);
  expect(
    readProcessList(
      list,
      new Map([
        ["RUNNER_TASK_ID=r1/two", "two"],
        ["RUNNER_TASK_ID=r1/two words", "two words"],
      ]),
    ),
  ).toEqual([{ pid: 505, task: "two words" }]);
  expect(readProcessList("", new Map([["RUNNER_TASK_ID=r1/build", "build"]]))).toEqual([]);
});
