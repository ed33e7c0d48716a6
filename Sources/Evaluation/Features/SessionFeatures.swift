/// What a session is like, and where a candidate is in it.
final class SessionFeatures: FeatureSource {
  let names = ["length", "distinct", "repeats", "times_clicked", "clicks_ago"]

  func features(of sessions: [CandidateSession], chunk: Int, thread: Int) -> [[Float]] {
    sessions.map { session in
      var times: [Int32: Int] = [:], last: [Int32: Int] = [:]
      for (place, item) in session.clicks.enumerated() {
        times[item, default: 0] += 1
        last[item] = place
      }
      let length = session.clicks.count
      let same = [Float(length), Float(times.count), Float(length - times.count)]
      return session.items.flatMap { item -> [Float] in
        // 1 for the last click.
        let ago = last[item].map { Float(length - $0) } ?? .nan
        return same + [Float(times[item] ?? 0), ago]
      }
    }
  }
}
