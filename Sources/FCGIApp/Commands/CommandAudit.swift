import Core
import Glibc

/// Keeps account of what is done on the command line, with the lines that the same acts leave over HTTP.
///
/// In the place of an admin they name the person whom the system knows; like those they are durable before the act.
struct CommandAudit {
    let store: any Store

    /// Writes that something is about to be done with a user.
    func note(_ action: String, of user: User, _ details: JSON = [:]) async throws {
        var members = JSONObject()
        members["owner"] = JSON(user.id.owner)
        members["user_id"] = JSON(user.id.userID)
        members["user_number"] = user.number.map { JSON($0) }
        for member in details.object?.members ?? [] { members[member.name] = member.value }
        try await note(action, .object(members))
    }

    /// Writes that something is about to be done with a group.
    func note(_ action: String, ofGroup group: Group.ID, _ details: JSON = [:]) async throws {
        var members = JSONObject()
        members["group"] = JSON(group)
        for member in details.object?.members ?? [] { members[member.name] = member.value }
        try await note(action, .object(members))
    }

    func note(_ action: String, _ details: JSON = [:]) async throws {
        var entry = JSONObject()
        entry["action"] = JSON(action)
        entry["actor"] = "cli"
        entry["unix_user"] = JSON(Self.unixUser)
        for member in details.object?.members ?? [] { entry[member.name] = member.value }
        try await store.audit(entry)
    }

    /// The name of the process's real user; the number of one without a name.
    private static var unixUser: String {
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var texts = [CChar](repeating: 0, count: 1 << 14)
        guard getpwuid_r(getuid(), &record, &texts, texts.count, &found) == 0, found != nil, let name = record.pw_name
        else { return String(getuid()) }
        return String(cString: name)
    }
}
