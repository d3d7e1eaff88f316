import Glibc

/// The kind of file system that a path is on.
enum FileSystemKind {
    /// File systems whose fsync of a new file makes its name durable with it, though POSIX promises it of none.
    ///
    /// On ext4 and XFS the name is in the same journal transaction as the file, or before it; Btrfs logs the names of
    /// a file that it syncs. A rename is another matter: it is not part of what the sync of the file covers.
    static let withNamesInFileSync: Set<String> = ["ext4", "xfs", "btrfs"]

    /// Those of several hosts, and those whose locks a program of somebody else decides about.
    ///
    /// On NFS flock becomes a byte-range lock, which any close of the file in the process drops (flock(2)); the others
    /// keep locks to one host, or none at all. Cluster file systems with locks of their own have not been tried. FUSE is
    /// refused but for `fuseblk`, which is a local disk (NTFS, exFAT).
    private static let shared: Set<String> = [
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "fuse", "gfs2", "glusterfs", "gpfs", "lustre", "ocfs2",
        "orangefs",
        "pvfs2", "virtiofs",
    ]

    static func isShared(_ name: String) -> Bool {
        shared.contains(name) || ["nfs", "smb", "fuse."].contains { name.hasPrefix($0) }
    }

    /// The kernel's name for it, `ext4` or `nfs4`; nil where `/proc/self/mountinfo` (proc(5)) does not tell.
    static func name(of path: String) throws(StoreError) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .last("stat", path) }
        // The layout of dev_t in glibc (makedev(3)), whose macros Swift does not see.
        let device = UInt64(status.st_dev)
        let major = device >> 8 & 0xFFF | device >> 32 & 0xFFFF_F000
        let minor = device & 0xFF | device >> 12 & 0xFFFF_FF00
        guard let table = try readProcFile("/proc/self/mountinfo") else { return nil }
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 2, fields[2] == "\(major):\(minor)", let dash = fields.firstIndex(of: "-"),
                fields.indices.contains(dash + 1)
            else { continue }
            return String(fields[dash + 1])
        }
        return nil
    }

    /// Files of `/proc` say that they are empty and must be read to their end.
    private static func readProcFile(_ path: String) throws(StoreError) -> String? {
        guard let file = try File.reading(path) else { return nil }
        var bytes: [UInt8] = []
        while bytes.count < 4 << 20 {
            let piece = try file.read(at: bytes.count, count: 65_536)
            if piece.isEmpty { break }
            bytes += piece
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
