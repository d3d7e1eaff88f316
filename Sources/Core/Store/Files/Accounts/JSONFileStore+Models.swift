extension JSONFileStore {
    package func modelList(of account: Account.ID) throws(StoreError) -> ModelList? {
        do throws(StoreError) {
            return try modelLists.record(at: layout.models(account)) { file throws(StoreError) in
                ModelList(record: try read(file))
            }
        } catch {
            guard error.kind == .corrupt else { throw error }
            // The upstream tells it again.
            log.error("a list of models is corrupt and is taken as absent", metadata: ["account": "\(account)"])
            return nil
        }
    }

    package func keepModelList(_ list: ModelList, of account: Account.ID) throws(StoreError) {
        try AtomicFile.write(list.record.bytes, to: layout.models(account), durable: false)
    }
}
