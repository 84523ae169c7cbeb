"""The phrases of the page by their keys, in Korean and in English. (A table, however long.)"""

from stages.measuring.measures import TABLE

PAGE = {
    "language": ("언어", "Language"),
    "contents": ("차례", "Contents"),
    "lead": (
        "한국어 미세조정 실행 한 번의 보고서입니다. 판정, 미세조정 전후의 점수, 데이터 처리 과정, "
        "가중치의 변화를 차례로 보여 줍니다.",
        "The report of one Korean fine-tuning run: the verdict, the scores before and after, "
        "how the data was processed, and how the weights changed.",
    ),
    "within_noise": ("오차 범위 내", "within noise"),
    "no_difference": ("차이 없음", "no difference"),
    "better": ("개선", "better"),
    "worse": ("악화", "worse"),
    "changed": ("변화", "changed"),
    "rows": ("행", "rows"),
    "source": ("출처", "source"),
    "style": ("문체", "style"),
    "topic": ("주제", "topic"),
    "train": ("학습", "training"),
    "validation": ("검증", "validation"),
    "test": ("테스트", "test"),
    "set_named": ("평가 세트 {name}", "evaluation set {name}"),
    # verdict
    "verdict": ("판정", "Verdict"),
    "verdict.pass": ("통과", "pass"),
    "verdict.fail": ("불합격", "fail"),
    "verdict.undecided": ("판정 보류", "undecided"),
    "all_rules_held": ("적용되는 규칙을 모두 충족했습니다.", "Every applicable rule passed."),
    "undecided_because": (
        "적용할 수 있는 규칙이 하나도 없어 판정하지 않았습니다.",
        "No rule is applicable, so there is no verdict.",
    ),
    "rules_failed": ("충족하지 못한 규칙: {names}.", "Failed rules: {names}."),
    "rules_not_applicable": ("적용되지 않은 규칙", "Rules that are not applicable"),
    "rules": ("규칙", "Rules"),
    "rule": ("규칙", "rule"),
    "figure": ("지표", "figure"),
    "value": ("값", "value"),
    "bound": ("기준", "bound"),
    "interval": ("95 % 신뢰 구간", "95 % interval"),
    "result": ("결과", "result"),
    "at_least": ("{bound} 이상", "at least {bound}"),
    "at_most": ("{bound} 이하", "at most {bound}"),
    "against.base": ("base 대비 차이", "difference from base"),
    "against.merged-bf16": ("merged-bf16 대비 차이", "difference from merged-bf16"),
    "against.release": ("지난 릴리스 대비 차이", "difference from the last release"),
    "result.pass": ("충족", "pass"),
    "result.fail": ("미충족", "fail"),
    "result.not_applicable": ("해당 없음", "not applicable"),
    "rules_note": (
        "신뢰 구간에 기준값이 들어 있으면 ‘오차 범위 내’로 표시합니다. 테스트 데이터가 조금만 "
        "달라도 결과가 뒤바뀔 수 있다는 뜻입니다.",
        "“Within noise” means that the interval contains the bound: slightly different test rows "
        "could have reversed the result.",
    ),
    # before and after
    "before_after": ("미세조정 전후 비교", "Before and after"),
    "rows_answered": ("응답을 생성한 행: {rows}개.", "{rows} rows answered."),
    "before_after_note": (
        "값 아래는 부트스트랩({draws}회)으로 구한 95 % 신뢰 구간이고, 그 아래는 base와의 "
        "차이입니다. 차이의 구간에 0이 들어 있으면 ‘오차 범위 내’입니다.",
        "Below each value is its 95 % interval from {draws} bootstrap resamples of the rows, and "
        "below that the difference from base, “within noise” if its interval contains 0.",
    ),
    "measure": ("지표", "measure"),
    "other_measures": ("나머지 지표 {count}개", "{count} more measures"),
    "lower_is_better": ("낮을수록 좋음", "lower is better"),
    "higher_is_better": ("높을수록 좋음", "higher is better"),
    "near_one_is_better": ("1에 가까울수록 좋음", "best near 1"),
    "read_beside_reference": ("참조 답변의 값과 비교할 것", "compare with the reference's value"),
    "against_merged": ("MXFP4 양자화로 인한 손실", "What MXFP4 lost"),
    "against_merged_note": (
        "mxfp4와 merged-bf16의 차이입니다. 학습으로 줄어든 바이트당 비트 가운데 mxfp4가 유지한 "
        "비율: {kept}.",
        "The difference between mxfp4 and merged-bf16. Share of the drop in bits per byte that "
        "mxfp4 keeps: {kept}.",
    ),
    "difference": ("차이", "difference"),
    "scores_by": ("그룹별 점수", "Scores by group"),
    "by_source": ("출처별", "By source"),
    "by_style": ("문체별", "By style"),
    "by_topic": ("주제별", "By topic"),
    "no_topics": (
        "주제를 평가하는 출처가 없어 주제별 점수가 없습니다.",
        "No source asks for a topic, so there are no scores by topic.",
    ),
    "evaluation_sets": ("평가 세트", "Evaluation sets"),
    "no_evaluation_sets": (
        "평가 전용 출처가 없습니다.",
        "No source is set aside for evaluation.",
    ),
    "personal_data_in_answers": (
        "merged-bf16의 답변에서 발견된 개인정보: {found}.",
        "Personal data found in the answers of merged-bf16: {found}.",
    ),
    "no_personal_data_in_answers": (
        "merged-bf16의 답변에서 개인정보가 발견되지 않았습니다.",
        "No personal data was found in the answers of merged-bf16.",
    ),
    # drift
    "drift": ("지난 릴리스 이후의 드리프트", "Drift since the last release"),
    "no_release": (
        "비교할 릴리스가 지정되지 않았습니다(gate.release).",
        "No release is named to compare with (gate.release).",
    ),
    "drift_note": ("릴리스 커밋 {commit} 대비.", "Against the release at commit {commit}."),
    "release": ("릴리스", "release"),
    "now": ("이번", "now"),
    "distribution": ("분포", "distribution"),
    "distance": ("거리", "distance"),
    # training
    "training": ("학습 과정", "Training"),
    "training_note": (
        "파라미터 {total}개 중 {trainable}개를 {steps}단계 동안 학습했습니다. 학습에 쓴 행은 "
        "{rows}개, 토큰은 {tokens}개이며 그중 {trained}개에 손실을 계산했습니다. 토큰당 "
        "검증 손실(nats)은 학습 전 {before}, 학습 후 {after}입니다.",
        "{trainable} of {total} parameters were trained for {steps} steps on {rows} rows with "
        "{tokens} tokens, {trained} of them trained. The validation loss went from {before} to "
        "{after} nats per token.",
    ),
    # data
    "data": ("데이터 처리 과정", "How the data was processed"),
    "rows_of_steps": ("단계별 행 수", "Rows by step"),
    "step": ("단계", "step"),
    "dropped": ("제외", "dropped"),
    "left": ("남은 행", "kept"),
    "read": ("읽음", "read"),
    "quarantined": ("격리", "quarantined"),
    "masked": ("마스킹", "masked"),
    "to_review": ("확인 필요", "to review"),
    "curated": ("선별 후", "curated"),
    "by_source_rows": ("출처별 행 수", "Rows by source"),
    "personal_data": ("마스킹한 개인정보", "Personal data masked"),
    "masked_note": (
        "행 {rows}개에서 값 {values}개를 마스킹했습니다.",
        "{values} values were masked in {rows} rows.",
    ),
    "nothing_masked": ("마스킹한 개인정보가 없습니다.", "No personal data was masked."),
    "lengths_and_mix": ("길이와 혼합 비율", "Lengths and mix"),
    # weights
    "weights": ("가중치와 양자화", "Weights and quantisation"),
    "weights_note": (
        "병합으로 가중치 {merged}개가 바뀌었습니다(노름 대비 평균 {change}). MXFP4로 양자화한 "
        "텐서는 {quantised}개이고 상대 제곱 오차는 평균 {mse}, 최대 {worst}입니다. 양자화하지 않은 "
        "텐서는 {passed}개입니다. 크기는 {before}바이트에서 {after}바이트가 되었습니다.",
        "The merge changed {merged} weights, by {change} of their norm on average. {quantised} "
        "tensors were quantised to MXFP4, with a relative squared error of {mse} on average and "
        "{worst} at most; {passed} were passed through. {before} bytes became {after}.",
    ),
    "delta_note": (
        "양자화한 텐서 중 미세조정된 것은 {tensors}개이며, 학습된 변화량(델타)이 평균 {mean}, "
        "최소 {least} 유지되었습니다.",
        "{tensors} of the quantised tensors were tuned; of their delta the export keeps {mean} on "
        "average and {least} at least.",
    ),
    "compare_note": (
        "검증 분할의 토큰 {tokens}개에서 병합 모델과 비교한 KL은 {kl} nats이고, 1순위 토큰이 "
        "일치하는 비율은 {top1}입니다.",
        "On {tokens} tokens of the validation split, KL from the merged model is {kl} nats, and "
        "the top-1 token is the same for {top1}.",
    ),
    "all_weights": ("가중치별 수치", "Figures of each weight"),
    "weight": ("가중치", "weight"),
    # confusion, samples, record
    "confusion": ("혼동 행렬", "Confusion"),
    "samples": ("답변 예시 비교", "Samples side by side"),
    "samples_note": (
        "테스트 분할에서 문체별로 고르게 {count}개를 뽑았습니다(시드 {seed}). "
        "개인정보는 마스킹했습니다.",
        "{count} rows of the test split, sampled evenly over the styles with seed {seed}. "
        "Personal data is masked.",
    ),
    "question": ("질문", "question"),
    "reference": ("참조 답변", "reference"),
    "no_answer": ("(빈 답)", "(empty)"),
    "record": ("도구와 버전", "Libraries and tokenizers"),
    "record_note": (
        "점수는 형태소 분석기와 토크나이저의 버전에 따라 달라질 수 있습니다.",
        "Scores may differ with other versions of the morphological analyser and the tokenizers.",
    ),
    "name": ("이름", "name"),
}

CHARTS = {
    "chart.forest": ("base와의 차이와 95 % 신뢰 구간", "Difference from base, with 95 % intervals"),
    "chart.forest.caption": (
        "0 선의 오른쪽은 개선을 뜻합니다. 구간이 0 선에 걸치면(속이 빈 표식) 오차 범위 내입니다. "
        "눈금은 행마다 다르며, 오른쪽 숫자는 merged-bf16의 차이입니다.",
        "Right of the zero line is better; an interval that crosses it (hollow marker) is within "
        "noise. Each row has its own scale. The number is the difference of merged-bf16.",
    ),
    "chart.source": ("출처별 점수", "Scores by source"),
    "chart.source.caption": (
        "같은 줄에서 base와 조정된 모델 사이가 멀수록 크게 달라진 출처입니다.",
        "The further apart the marks of a row, the more the tuning changed there.",
    ),
    "chart.style": ("문체별 점수", "Scores by style"),
    "chart.style.caption": (
        "같은 줄에서 base와 조정된 모델 사이가 멀수록 크게 달라진 문체입니다.",
        "The further apart the marks of a row, the more the tuning changed there.",
    ),
    "chart.topic": ("주제별 점수", "Scores by topic"),
    "chart.topic.caption": (
        "같은 줄에서 base와 조정된 모델 사이가 멀수록 크게 달라진 주제입니다.",
        "The further apart the marks of a row, the more the tuning changed there.",
    ),
    "chart.loss": ("손실", "Loss"),
    "chart.loss.caption": (
        "선은 학습 손실, 점은 검증 손실입니다. 학습 손실은 내려가는데 검증 손실이 오르면 "
        "과적합입니다.",
        "The line is the training loss, the dots are the validation loss. Rising dots under a "
        "falling line mean overfitting.",
    ),
    "chart.gradient": ("그래디언트 노름", "Gradient norm"),
    "chart.gradient.caption": (
        "값이 튀는 곳은 학습이 불안정했던 스텝입니다. 클리핑하기 전의 값입니다.",
        "Spikes are steps at which training was unstable. The values are before clipping.",
    ),
    "chart.flow": ("읽은 행에서 학습한 행까지", "From rows read to rows trained on"),
    "chart.flow.caption": (
        "위에서 아래로 읽습니다. 굵은 막대는 남은 행, 끝의 가는 막대는 사유별로 제외한 행입니다.",
        "From top to bottom: thick bars are the rows kept, thin bars at their ends the rows "
        "dropped, by reason.",
    ),
    "chart.masked": ("종류와 출처별 마스킹 건수", "Values masked, by type and source"),
    "chart.masked.caption": (
        "칸이 진할수록 마스킹한 값이 많습니다. 빈칸은 0건입니다.",
        "The darker a cell, the more values. An empty cell means none.",
    ),
    "chart.lengths": ("토큰 길이 분포", "Token lengths"),
    "chart.lengths.caption": (
        "대화 하나의 길이를 모델 토큰 수로 나타냈습니다. 구간의 폭은 두 배씩 넓어집니다.",
        "Conversation length in tokens of the model. Each bin is twice as wide as the one before.",
    ),
    "chart.mix": ("혼합 비율: 목표와 결과", "The mix: target and result"),
    "chart.mix.caption": (
        "세로선은 설정한 비율, 막대는 실제 비율입니다. 둘이 만나면 목표와 일치합니다.",
        "The vertical line is the share set in params, the bar the share in the result. "
        "They should meet.",
    ),
    "chart.quantisation": ("레이어별 양자화 오차", "Quantisation error by layer"),
    "chart.quantisation.caption": (
        "낮을수록 원래 가중치에 가깝습니다. 유난히 높은 레이어는 MXFP4로 표현하기 "
        "어려운 레이어입니다.",
        "Lower is closer to the original weights. A layer that stands out is hard to represent in "
        "MXFP4.",
    ),
    "chart.kept": ("레이어별 델타 유지율", "Share of the delta kept, by layer"),
    "chart.kept.caption": (
        "1이면 학습된 변화량이 그대로 유지된 것이고, 0이면 양자화로 사라진 것입니다.",
        "1 means that the tuning is fully kept, 0 that rounding removed all of it.",
    ),
    "chart.topics": ("정답 주제와 예측 주제", "Right topic and predicted topic"),
    "chart.topics.caption": (
        "행은 정답, 열은 merged-bf16의 예측입니다. 대각선 밖의 진한 칸은 자주 혼동하는 주제입니다.",
        "Rows are the right topics, columns the predictions of merged-bf16. Dark cells off the "
        "diagonal are topics that it confuses.",
    ),
    "chart.levels": ("요청한 문체와 답변의 말투", "Style asked for and speech level of the answer"),
    "chart.levels.caption": (
        "행은 요청한 문체, 열은 merged-bf16 답변의 종결 말투입니다. 숫자는 답변 수입니다.",
        "Rows are the styles asked for, columns the speech levels in which the answers of "
        "merged-bf16 end. Numbers count answers.",
    ),
    # axes
    "axis.step": ("스텝", "step"),
    "axis.loss": ("손실(토큰당 nats)", "loss (nats per token)"),
    "axis.gradient": ("그래디언트 노름", "gradient norm"),
    "axis.rows": ("행 수", "rows"),
    "axis.tokens": ("토큰 수", "tokens"),
    "axis.share": ("비율(%)", "share (%)"),
    "axis.layer": ("레이어", "layer"),
    "axis.error": ("상대 제곱 오차", "relative squared error"),
    "axis.kept": ("유지율", "share kept"),
    "axis.asked": ("목표", "target"),
    "axis.learning": ("학습 손실", "training loss"),
    "axis.validating": ("검증 손실", "validation loss"),
    "axis.left": ("남은 행", "rows kept"),
    "axis.dropped": ("제외한 행", "rows dropped"),
}

NAMES = {
    "level.hapsyo": ("하십시오체", "hapsyo"),
    "level.haeyo": ("해요체", "haeyo"),
    "level.haera": ("해라체", "haera"),
    "level.hae": ("해체", "hae"),
    "level.nominal": ("명사형", "nominal"),
    "level.unknown": ("알 수 없음", "unknown"),
    "flow.read": ("읽은 행", "read"),
    "flow.ingested": ("격리 후", "after quarantine"),
    "flow.curated": ("선별 후", "curated"),
    "flow.untied": ("분할 간 중복 제거 후", "after removing leaks between splits"),
    "flow.mixed": ("혼합 후", "mixed"),
    "flow.split": ("학습 분할", "training split"),
    "flow.trained": ("학습한 행", "trained on"),
    "reason.too_short": ("너무 짧음", "too short"),
    "reason.too_long": ("너무 긺", "too long"),
    "reason.foreign_script": ("외국 문자가 많음", "foreign script"),
    "reason.not_korean": ("한국어가 아님", "not Korean"),
    "reason.in_evaluation_set": ("평가 세트와 겹침", "in an evaluation set"),
    "reason.exact_duplicate": ("완전히 같은 행", "exact duplicate"),
    "reason.near_duplicate": ("거의 같은 행", "near duplicate"),
    "reason.leaks_an_answer": ("평가 정답이 들어 있음", "contains an evaluation answer"),
    "reason.near_a_held_out_row": ("평가 행과 거의 같음", "near a held-out row"),
    "reason.wrong_start": ("답변이 잘못된 말로 시작함", "wrong start"),
    "reason.warning": ("경고 문구 초과", "too many warnings"),
    "reason.ratio": ("비율을 맞추기 위해 제외", "over the ratio"),
    "reason.repeats": ("반복 사용", "repeated"),
    "reason.nothing_to_train": ("학습할 토큰 없음", "nothing to train"),
    "reason.for_validation": ("검증 분할로", "to the validation split"),
    "reason.for_test": ("테스트 분할로", "to the test split"),
    "reason.invalid_json": ("JSON이 아님", "invalid JSON"),
    "reason.not_an_object": ("객체가 아님", "not an object"),
    "reason.duplicate_keys": ("중복된 키", "duplicate keys"),
    "reason.wrong_roles": ("역할 순서가 틀림", "wrong roles"),
    "reason.not_an_exchange": ("질문과 답변의 대화가 아님", "not an exchange"),
    "reason.style_not_allowed": ("허용되지 않은 문체", "style not allowed"),
    "reason.wrong_style": ("문체 이름이 틀림", "wrong style"),
    "reason.outside_window": ("기간을 벗어남", "outside the window"),
    "reason.row_too_long": ("너무 긴 행", "row too long"),
}

FIGURES = {
    "figure.ingest.quarantined_share": ("격리한 행의 비율", "share of rows in quarantine"),
    "figure.scrub.masked_share": ("개인정보를 마스킹한 행의 비율", "share of rows with a mask"),
    "figure.contrast.sets.test.gain_kept.mxfp4": (
        "바이트당 비트의 개선 중 mxfp4가 유지한 비율",
        "share of the drop in bits per byte that mxfp4 keeps",
    ),
    "figure.drift.share_by_source": ("출처 비율의 거리", "distance between the shares of sources"),
    "figure.drift.share_by_style": ("문체 비율의 거리", "distance between the shares of styles"),
    "figure.drift.rows_by_tokens": ("토큰 길이 분포의 거리", "distance between the token lengths"),
    "figure.drift.masked_by_type": ("마스킹 종류 분포의 거리", "distance of the types masked"),
    "figure.train.grad_norm_max": ("그래디언트 노름의 최댓값", "largest gradient norm"),
    "figure.train.validation_loss_nats": ("검증 손실", "validation loss"),
    "figure.compare/mxfp4.top1_agreement": (
        "1순위 토큰이 일치하는 비율",
        "share of tokens with the same top-1",
    ),
    "figure.compare/mxfp4.kl_nats": ("병합 모델과의 KL(nats)", "KL from the merged model, nats"),
    # of drift
    "figure.rows_trained": ("학습 분할의 행", "rows of the training split"),
    "figure.trained_tokens": ("학습 대상 토큰", "trained tokens"),
    "figure.quarantined_share": ("격리한 행의 비율", "share of rows in quarantine"),
    "figure.masked_share": ("개인정보를 마스킹한 행의 비율", "share of rows with a mask"),
    "figure.validation_loss_nats": ("검증 손실", "validation loss"),
    "figure.grad_norm_max": ("그래디언트 노름의 최댓값", "largest gradient norm"),
    "distribution.share_by_source": ("출처 비율", "shares of sources"),
    "distribution.share_by_style": ("문체 비율", "shares of styles"),
    "distribution.rows_by_tokens": ("토큰 길이", "token lengths"),
    "distribution.masked_by_type": ("마스킹한 값의 종류", "types of values masked"),
    # why a rule does not apply, by the codes of gate.json
    "why.no_release": ("비교할 릴리스가 지정되지 않음", "no release is named"),
    "why.nothing_to_measure": (
        "측정할 대상이 없음",
        "there is nothing to measure it on",
    ),
    "why.not_in_release": (
        "릴리스에 이 지표가 없음",
        "the release has no such figure",
    ),
    "why.no_interval": (
        "신뢰 구간이 없음",
        "it has no interval",
    ),
}

MEASURES = {f"measure.{name}": (measure.ko, measure.en) for name, measure in TABLE.items()}
WORDS: dict[str, tuple[str, str]] = PAGE | CHARTS | MEASURES | NAMES | FIGURES
