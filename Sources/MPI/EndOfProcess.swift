/// An end of the job that is no failure and has an exit code of its own, such as that of a run that was asked to stop.
///
/// All ranks throw it at the same place: MPI is finalized before the process ends.
public struct EndOfProcess: Error, Equatable, CustomStringConvertible {
  /// What every rank exits with, and so `mpirun`.
  public let code: Int32
  /// Printed by rank 0 on standard error; nil for nothing.
  public let sentence: String?

  /// - Parameters:
  ///   - code: from 0 to 255, as the system passes no more on.
  ///   - sentence: whole, with what to do; nil where nothing is left to say.
  public init(code: Int32, sentence: String? = nil) {
    self.code = code
    self.sentence = sentence
  }

  public var description: String { sentence ?? "ended with exit code \(code)" }
}
