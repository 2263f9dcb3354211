import { node } from "../../lib/node.ts";
import { dirname } from "../../lib/path.ts";
import { hasCode } from "../../lib/stdio.ts";
import { refusal } from "./errors.ts";

/*
 * SQLite's write-ahead log needs memory that all its users share, which two machines on one network file system do not
 * (sqlite.org/wal.html). What cannot be told apart counts as local: virtiofs and 9p bring a disk into a virtual machine.
 */

/** Network and cluster file systems by their number in statfs(2): linux/magic.h and their own sources. */
const LINUX_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xfe534d42, "SMB"],
  [0xff534d42, "CIFS"],
  [0x5346414f, "AFS"],
  [0x6b414653, "AFS"],
  [0x73757245, "Coda"],
  [0x564c, "NCP"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x01161970, "GFS2"],
  [0x7461636f, "OCFS2"],
  [0x20030528, "OrangeFS"],
  [0x19830326, "BeeGFS"],
]);

/** Any program can be behind this one; only the table of mounts says which. */
const FUSE = 0x65735546;

/** Types of mounts, in the words of FUSE programs and of macOS, that lead to other machines. */
const REMOTE_MOUNTS =
  /^(?:fuse\.)?(sshfs|rclone|s3fs|goofys|gcsfuse|blobfuse2?|davfs2?|curlftpfs|smbnetfs|glusterfs|ceph-fuse|ceph|cephfs|mfs|moosefs|lizardfs|juicefs(?:\b.*)?|seaweedfs|beegfs|nfs|smbfs|afpfs|webdav|cifs)$/i;

/** What tells where a folder is. */
export interface FilesystemLook {
  readonly platform: NodeJS.Platform;
  /** The number of a folder's file system; raises the system's error. */
  type(folder: string): number;
  /** A folder's path without links. */
  realPath(folder: string): string;
  /** The table of mounts, as the system writes it: mountinfo of proc(5), or what `mount` prints on macOS. */
  mounts(): string;
}

const MACHINE: FilesystemLook = {
  platform: process.platform,
  // Some systems give it with its highest bit as a sign.
  type: (folder) => node.fs.statfsSync(folder).type >>> 0,
  realPath: (folder) => node.fs.realpathSync(folder),
  mounts: () =>
    process.platform === "linux"
      ? node.fs.readFileSync("/proc/self/mountinfo", "utf8")
      : Bun.spawnSync(["/sbin/mount"]).stdout.toString(),
};

/** The name of the network file system that a path is on; undefined for a local one, and where nothing tells. */
export function findNetworkFilesystem(path: string, look: FilesystemLook = MACHINE): string | undefined {
  if (look.platform === "win32") return /^\\\\[^?.]/.test(path) ? "a share" : undefined;
  try {
    const folder = nearestFolder(path, look);
    const type = look.type(folder);
    if (look.platform === "linux" && type !== FUSE) return LINUX_TYPES.get(type);
    // On macOS the numbers have no meaning, but what is like the system's own disk is a disk.
    if (look.platform === "darwin" && type === look.type("/")) return undefined;
    return REMOTE_MOUNTS.exec(mountType(look.mounts(), look.realPath(folder)) ?? "")?.[1];
  } catch {
    // A path that nobody can look at; whoever opens it says why.
    return undefined;
  }
}

/** Raises `unavailable` for a path on a network file system. */
export function checkFilesystem(path: string): void {
  const name = findNetworkFilesystem(path);
  if (name === undefined) return;
  const why = `it is on a network file system (${name}), where SQLite loses data. Choose a local folder with state.path or RUNNER_HOME, or a backend for several machines with state.backend.`;
  throw refusal("unavailable", path, why);
}

function nearestFolder(path: string, look: FilesystemLook): string {
  try {
    look.type(path);
    return path;
  } catch (error) {
    const parent = dirname(path);
    if (parent === path || !(hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR"))) throw error;
    return nearestFolder(parent, look);
  }
}

/** Pure: the type of the mount that a path is in, by a table of mounts; of equally near ones the last covers the others. */
export function mountType(mounts: string, path: string): string | undefined {
  let nearest = "";
  let type: string | undefined;
  for (const line of mounts.split("\n")) {
    const [, point = "", name] =
      /^\d+ \d+ \S+ \S+ (\S+) .*? - (\S+)/.exec(line) ??
      /^.*? on (\/.*) \(([^,)]+)[^()]*\)$/.exec(line) ??
      [];
    const folder = point.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(parseInt(octal, 8)),
    );
    const isAbove = folder === "/" || path === folder || path.startsWith(`${folder}/`);
    if (name === undefined || folder === "" || !isAbove || folder.length < nearest.length) continue;
    nearest = folder;
    type = name;
  }
  return type;
}
