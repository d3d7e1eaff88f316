/// Nothing more can be sent on a connection: the peer closed it, or the exchange is over.
struct ConnectionLost: Error {}
