import CLinux
import Synchronization

/// A call whose process died before it wrote a row: nobody knows whether it reached an upstream.
struct LostCall: Sendable, Equatable {
    var origin: LimitClaim.Origin
    /// Of ``LimitSubject/digest``, because the table has no names; 0 for no group.
    var group: UInt64
    var at: Timestamp
    /// On which it was reserved, since 1970-01-01.
    var day: Int

    /// One for each call among holds without a row; what such a call holds of an account says which it was sent to.
    static func calls(of holds: [LimitsTable.Hold], at now: LimitsTable.Moment) -> [LostCall] {
        var calls: [LostCall] = []
        var accounts: [String: String] = [:]
        for hold in holds {
            var origin = hold.origin
            guard let kind = origin.kindOfRow else {
                let request = origin.requestText
                if origin.kind == limits_table_call.account, !request.isEmpty { accounts[request] = origin.nameText }
                continue
            }
            let request = LimitClaim.Origin(
                kind, requestID: origin.requestText, user: origin.user == 0 ? nil : Int(origin.user),
                client: origin.client == 0 ? nil : Int(origin.client),
                key: origin.keyText.isEmpty ? nil : origin.keyText,
                model: origin.nameText.isEmpty ? nil : origin.nameText,
                currency: origin.currencyText.isEmpty ? nil : origin.currencyText)
            calls.append(
                LostCall(origin: request, group: origin.group, at: now.start(of: hold.tick), day: Int(hold.day)))
        }
        for index in calls.indices { calls[index].origin.account = accounts[calls[index].origin.requestID] }
        return calls
    }
}

/// Lost calls that nobody has written down yet.
final class LostCalls: Sendable {
    private let calls = Mutex<[LostCall]>([])
    private let isEmpty = Atomic(true)

    func add(_ more: [LostCall]) {
        guard !more.isEmpty else { return }
        calls.withLock { $0 += more }
        isEmpty.store(false, ordering: .releasing)
    }

    func take() -> [LostCall] {
        if isEmpty.load(ordering: .acquiring) { return [] }
        return calls.withLock { calls in
            isEmpty.store(true, ordering: .releasing)
            defer { calls = [] }
            return calls
        }
    }
}

extension LimitsTable.Moment {
    /// When a bucket began; no later than now.
    fileprivate func start(of tick: UInt32) -> Timestamp {
        min(time, end(of: tick) + .seconds(-4 * Int(limits_table_ring)))
    }
}

extension limits_table_call {
    static let account: UInt32 = 3

    init(_ origin: LimitClaim.Origin) {
        self.init()
        user = Int64(origin.user ?? 0)
        client = Int64(origin.client ?? 0)
        group = origin.group.map { LimitSubject(.group, $0).digest } ?? 0
        kind = origin.account != nil ? Self.account : origin.kind == .v1 ? 2 : 1
        Self.write(origin.requestID, to: &request)
        Self.write(origin.key, to: &key)
        Self.write(origin.account ?? origin.model, to: &name)
        Self.write(origin.currency, to: &currency)
    }

    /// Nil for what is no call of its own.
    fileprivate var kindOfRow: UsageRow.Kind? {
        switch kind {
        case 1: .chat
        case 2: .v1
        default: nil
        }
    }

    fileprivate var requestText: String { mutating get { Self.text(in: &request) } }
    fileprivate var keyText: String { mutating get { Self.text(in: &key) } }
    fileprivate var nameText: String { mutating get { Self.text(in: &name) } }
    fileprivate var currencyText: String { mutating get { Self.text(in: &currency) } }

    /// A text that has no room is left out.
    private static func write<Place>(_ text: String?, to place: inout Place) {
        guard let bytes = text?.utf8, bytes.count < MemoryLayout<Place>.size, !bytes.contains(0) else { return }
        withUnsafeMutableBytes(of: &place) { $0.copyBytes(from: bytes) }
    }

    private static func text<Place>(in place: inout Place) -> String {
        withUnsafeBytes(of: &place) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
