/// Reads the paths of pages and endpoints and sees that each leads to one place only.
final class PathReader {
    /// Paths of the server itself and of its static files, with all that lies below them.
    static let reserved = ["/api/admin", "/assets", "/health", "/healthz", "/lib", "/locales", "/metrics", "/v1"]

    private struct Entry {
        let place: String
        let path: String
        let isWritten: Bool
    }

    private let report: SettingsReport
    private var entries: [Entry] = []

    init(report: SettingsReport) { self.report = report }

    /// The `url` in the object `key` of `section`.
    func path(_ section: SettingsSection, _ key: String, default standard: String) -> String {
        let endpoint = section.section(key)
        let path = endpoint.value("url", default: standard, .path)
        entries.append(Entry(place: endpoint.path(of: "url"), path: path, isWritten: endpoint.has("url")))
        endpoint.finish()
        return path
    }

    /// Reports paths that are reserved or stand twice; of two equal ones the written one is to blame.
    func finish() {
        var owners: [String: String] = [:]
        for entry in entries.filter({ !$0.isWritten }) + entries.filter(\.isWritten) {
            if let owner = owners[entry.path] {
                report.problem(
                    entry.place, found: JSON(entry.path).text, expected: "a path of its own",
                    hint: "`\(owner)` has the same")
            }
            owners[entry.path] = owners[entry.path] ?? entry.place
            if let reserved = Self.reserved.first(where: { entry.path == $0 || entry.path.hasPrefix("\($0)/") }) {
                report.problem(
                    entry.place, found: JSON(entry.path).text, expected: "a path that is not below \(reserved)")
            }
        }
    }
}
