import Glibc

/// The group that may connect to the server's socket: the one of nginx's workers.
enum SocketGroup {
    /// Debian's group of web servers.
    static let usual = "www-data"

    /// The group to give to the socket; nil keeps the process's own.
    ///
    /// - Parameter name: What the operator asks for; if nothing, the usual group if there is one and we may set it.
    static func find(_ name: String?) throws -> gid_t? {
        if let name {
            guard let entry = getgrnam(name) else { throw ListeningSocketError.noSuchGroup(name) }
            return entry.pointee.gr_gid
        }
        return geteuid() == 0 ? getgrnam(usual)?.pointee.gr_gid : nil
    }
}
