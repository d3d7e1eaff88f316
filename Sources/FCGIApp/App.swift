import Core
@main struct App { static func main() {} }
