import Models

extension ModelConfiguration {
  /// A model and its options as one text: `NARM embedding_size=12 dropout_probs=0.25,0.5`.
  public init(text: String) throws {
    let words = text.split(separator: " ").map(String.init)
    var options = ["model": words[0]]
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      options[parts[0]] = parts[1]
    }
    try self.init(options: options)
  }
}
