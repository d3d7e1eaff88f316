@testable import FCGIApp

extension NginxPlan {
    /// A plan with paths that need not exist.
    static var example: Self {
        Self(socket: "/run/gateway/socket", www: "/srv/www", prefix: "/var/lib/gateway nginx")
    }
}
