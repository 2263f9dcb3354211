import { describe, expect, test } from "bun:test";
import {
  type FilesystemLook,
  findNetworkFilesystem,
  mountType,
} from "../../src/backends/sqlite/filesystem.ts";
import { createFolder } from "../helpers/folder.ts";

const MOUNTINFO = `21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:40 / /home/me/far rw,nosuid shared:5 - fuse.sshfs me@host:/ rw,user_id=1000
31 21 0:41 / /home/me/near rw - fuseblk /dev/sdb1 rw
32 21 0:42 / /srv/with\\040space rw master:2 - fuse.juicefs JuiceFS:data rw
33 30 0:43 / /home/me/far/disk rw - virtiofs shared rw
34 21 0:44 / /srv/twice rw - fuse.rclone a: rw
35 21 0:45 / /srv/twice rw - ext4 /dev/sdc1 rw
`;

const MOUNT = `/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//me@host/share on /Volumes/share (smbfs, nodev, nosuid, mounted by me)
host:/export on /Volumes/export on (2) (nfs, nodev, nosuid)
/dev/disk4s1 on /Volumes/stick (exfat, local, nodev)
`;

function raise(code: string): never {
  throw Object.assign(new Error(`${code}: no`), { code });
}

/** A machine whose folders have these types; all others do not exist. */
function machine(
  types: Readonly<Record<string, number>>,
  platform: NodeJS.Platform = "linux",
): FilesystemLook {
  return {
    platform,
    type(folder) {
      return types[folder] ?? raise("ENOENT");
    },
    realPath: (folder) => folder,
    mounts: () => (platform === "linux" ? MOUNTINFO : MOUNT),
  };
}

const FUSE = 0x65735546;

describe("findNetworkFilesystem()", () => {
  test.each([
    ["NFS", 0x6969, "NFS"],
    ["SMB 2", 0xfe534d42, "SMB"],
    ["CIFS", 0xff534d42, "CIFS"],
    ["Ceph", 0x00c36400, "Ceph"],
    ["ext4", 0xef53, undefined],
    ["xfs", 0x58465342, undefined],
    ["btrfs", 0x9123683e, undefined],
    ["zfs", 0x2fc12fc1, undefined],
    ["overlayfs", 0x794c7630, undefined],
    ["tmpfs", 0x01021994, undefined],
    ["9p", 0x01021997, undefined],
  ])("on Linux %s is judged by its number", (_, type, name) => {
    expect(findNetworkFilesystem("/home/local.db", machine({ "/home/local.db": type }))).toBe(name);
  });

  test.each([
    ["/home/me/far/local.db", "sshfs"],
    ["/home/me/far", "sshfs"],
    ["/home/me/far/disk/x", undefined],
    ["/home/me/farther/x", undefined],
    ["/home/me/near/x", undefined],
    ["/srv/with space/x", "juicefs"],
    ["/srv/twice/x", undefined],
  ])("what FUSE has mounted at %s is judged by the table of mounts", (path, name) => {
    expect(findNetworkFilesystem(path, machine({ [path]: FUSE }))).toBe(name);
  });

  test("a path that does not exist yet is where its nearest folder is", () => {
    const look = machine({ "/": 0xef53, "/far": 0x6969 });
    expect(findNetworkFilesystem("/far/state/local.db", look)).toBe("NFS");
    expect(findNetworkFilesystem("/near/state/local.db", look)).toBeUndefined();
  });

  test("on macOS what is not like the system's disk is judged by the table of mounts", () => {
    const look = machine(
      { "/": 26, "/Users/me": 26, "/Volumes/share/x": 28, "/Volumes/stick": 29 },
      "darwin",
    );
    expect(findNetworkFilesystem("/Users/me/x", look)).toBeUndefined();
    expect(findNetworkFilesystem("/Volumes/share/x", look)).toBe("smbfs");
    expect(findNetworkFilesystem("/Volumes/stick/x", look)).toBeUndefined();
    expect(mountType(MOUNT, "/Volumes/export on (2)/x")).toBe("nfs");
  });

  test("on Windows a share is one by its path", () => {
    const look = machine({}, "win32");
    expect(findNetworkFilesystem("\\\\server\\share\\local.db", look)).toBe("a share");
    expect(findNetworkFilesystem("C:\\Users\\me\\local.db", look)).toBeUndefined();
    expect(findNetworkFilesystem("\\\\?\\C:\\local.db", look)).toBeUndefined();
  });

  test("a place that cannot be looked at is left to who opens it, and this machine's folders are local", () => {
    const blind = { ...machine({}), type: () => raise("EACCES") };
    expect(findNetworkFilesystem("/x", blind)).toBeUndefined();
    using folder = createFolder();
    expect(findNetworkFilesystem(`${folder.path}/state/local.db`)).toBeUndefined();
  });
});
