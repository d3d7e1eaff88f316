import ArgumentParser
import Core

/// `pseudonym …`: from the name that an upstream knows back to the user.
struct PseudonymCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pseudonym", abstract: "Find out who is behind a pseudonym.", subcommands: [Resolve.self])

    struct Resolve: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find the user whom an upstream knows by a pseudonym, and note that in the audit log.",
            discussion: """
                The user field or safety identifier that an upstream names in a complaint begins with "u-". All users \
                are tried, and those who were removed while their conversations were kept, at the hosts of all \
                accounts in the settings.
                """)

        @Option(help: ArgumentHelp("The settings file.", valueName: "FILE"))
        var settings: String

        @OptionGroup var state: StateOptions

        @Argument(help: "The pseudonym: u- and 32 hexadecimal digits.") var id: String

        func validate() throws {
            guard Pseudonyms.isName(id) else {
                throw ValidationError("A pseudonym is u- and 32 hexadecimal digits in lower case.")
            }
        }

        func run() throws {
            let accounts = try Settings.load(path: settings).settings.openAI.accounts
            let hosts = Array(Set(accounts.compactMap(\.host))).sorted()
            let found = try state.run { store in
                let found = try await search(store, hosts, try store.pseudonyms())
                try await CommandAudit(store: store).note("pseudonym.resolve", entry(found))
                return found
            }
            guard let found else {
                throw CommandFailure(
                    "No user has this pseudonym at \(hosts.isEmpty ? "any host" : hosts.joined(separator: ", ")).")
            }
            let user = found.user
            print([user.id.owner, user.id.userID, found.host, Text.shown(user.username)].joined(separator: "\t"))
        }

        private struct Found {
            var user: User
            var host: String
        }

        private func search(_ store: any Store, _ hosts: [String], _ pseudonyms: Pseudonyms) async throws -> Found? {
            func host(of user: User) -> String? {
                hosts.first { pseudonyms.compute(of: user.archive.digest, at: $0) == id }
            }
            var before: User.ID?
            repeat {
                let users = try await store.users(ownedBy: nil, before: before, limit: 500)
                for user in users { if let host = host(of: user) { return Found(user: user, host: host) } }
                before = users.count == 500 ? users.last?.id : nil
            } while before != nil
            var kept: String?
            repeat {
                let archives = try await store.keptArchives(before: kept, limit: 500)
                for user in archives.map(\.user) {
                    if let host = host(of: user) { return Found(user: user, host: host) }
                }
                kept = archives.count == 500 ? archives.last?.archive.digest : nil
            } while kept != nil
            return nil
        }

        private func entry(_ found: Found?) -> JSON {
            var entry = JSONObject()
            entry["pseudonym"] = JSON(id)
            entry["owner"] = found.map { JSON($0.user.id.owner) }
            entry["user_id"] = found.map { JSON($0.user.id.userID) }
            entry["user_number"] = found?.user.number.map { JSON($0) }
            return .object(entry)
        }
    }
}

extension Account {
    /// Of its base URL; nil where its upstream is told no pseudonyms.
    fileprivate var host: String? {
        guard case .openAI(let api) = kind else { return nil }
        return api.host
    }
}
