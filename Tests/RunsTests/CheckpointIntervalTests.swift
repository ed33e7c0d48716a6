import OptionTables
import Runs
import Testing

@Suite struct CheckpointIntervalTests {
  @Test(arguments: [
    ("1", CheckpointInterval.steps(1), "1"), ("500", .steps(500), "500"), ("30s", .seconds(30), "30s"),
    ("10m", .seconds(600), "10m"), ("2h", .seconds(7200), "2h"), ("90m", .seconds(5400), "90m"),
    ("120m", .seconds(7200), "2h"), ("never", .never, "never"),
  ])
  func whatCanBeWritten(text: String, interval: CheckpointInterval, canonical: String) throws {
    #expect(CheckpointInterval(text) == interval)
    #expect(interval.text == canonical)
    #expect(try TrainingPlan(file: nil, flags: given(text)).checkpointEvery == interval)
  }

  @Test(arguments: [
    "", "0", "-5", "0m", "m", "10x", "1.5m", "10 m", "10M", "Never", "9223372036854775808", "9223372036854775807h",
  ])
  func whatCannot(text: String) throws {
    #expect(CheckpointInterval(text) == nil)
    #expect(
      throws: OptionError.badValue(
        "--checkpoint-every", value: text, allowed: "steps such as 500, a time such as 30s, 10m or 2h, or never")
    ) { try TrainingPlan(file: nil, flags: given(text)) }
  }

  private func given(_ text: String) -> [String: String] {
    ["dataset": "d", "model": "NARM", "checkpoint_every": text]
  }
}
