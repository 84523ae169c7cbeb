"""The phrases of the page by their keys, in Korean and in English. (A table, however long.)"""

from stages.measuring.table import TABLE

PAGE = {
    "language": ("언어", "Language"),
    "contents": ("차례", "Contents"),
    "lead": (
        "한국어 미세조정 한 번의 기록입니다. 판정, 조정 전후의 점수, 데이터가 걸러진 과정, "
        "가중치의 변화를 차례로 보여 줍니다.",
        "The record of one fine-tuning for Korean: the verdict, the scores before and after, "
        "what became of the data, and what changed in the weights.",
    ),
    "within_noise": ("잡음 범위", "within noise"),
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
    "test": ("시험", "test"),
    "set_named": ("평가 세트 {name}", "evaluation set {name}"),
    # verdict
    "verdict": ("판정", "Verdict"),
    "verdict.pass": ("통과", "pass"),
    "verdict.fail": ("불합격", "fail"),
    "verdict.undecided": ("판정 보류", "undecided"),
    "all_rules_held": ("적용되는 규칙을 모두 지켰습니다.", "Every rule that applies holds."),
    "undecided_because": (
        "적용할 수 있는 규칙이 하나도 없어 판정하지 않았습니다.",
        "No rule applies, so there is no verdict.",
    ),
    "rules_failed": ("지키지 못한 규칙: {names}.", "Broken: {names}."),
    "rules_not_applicable": ("적용되지 않은 규칙", "Rules that do not apply"),
    "rules": ("규칙", "Rules"),
    "rule": ("규칙", "rule"),
    "figure": ("지표", "figure"),
    "value": ("값", "value"),
    "bound": ("기준", "bound"),
    "interval": ("95 % 구간", "95 % interval"),
    "result": ("결과", "result"),
    "at_least": ("{bound} 이상", "at least {bound}"),
    "at_most": ("{bound} 이하", "at most {bound}"),
    "against.base": ("base 대비 차이", "difference from base"),
    "against.merged-bf16": ("merged-bf16 대비 차이", "difference from merged-bf16"),
    "against.release": ("지난 릴리스 대비 차이", "difference from the last release"),
    "result.pass": ("지킴", "holds"),
    "result.fail": ("어김", "broken"),
    "result.not_applicable": ("해당 없음", "not applicable"),
    "rules_note": (
        "구간이 기준을 품고 있으면 ‘잡음 범위’라고 적었습니다. 시험 행이 조금만 달랐어도 "
        "결과가 뒤바뀔 수 있다는 뜻입니다.",
        "Where the interval holds the bound, it says “within noise”: with slightly other test "
        "rows the result could have been the other one.",
    ),
    # before and after
    "before_after": ("조정 전과 후", "Before and after"),
    "rows_answered": ("답한 행 {rows}개.", "{rows} rows answered."),
    "before_after_note": (
        "값 아래는 행을 되뽑아({draws}회) 얻은 95 % 구간, 그 아래는 base와의 차이입니다. "
        "차이의 구간이 0을 품으면 ‘잡음 범위’입니다.",
        "Under a value stands its 95 % interval from {draws} resamples of the rows, and under "
        "that the difference from base. It is “within noise” where its interval holds 0.",
    ),
    "measure": ("지표", "measure"),
    "other_measures": ("나머지 지표 {count}개", "{count} more measures"),
    "lower_is_better": ("낮을수록 좋음", "lower is better"),
    "higher_is_better": ("높을수록 좋음", "higher is better"),
    "near_one_is_better": ("1에 가까울수록 좋음", "best near 1"),
    "read_beside_reference": ("참조 답과 견주어 볼 것", "read beside the reference's"),
    "against_merged": ("MXFP4로 줄이며 잃은 것", "What MXFP4 lost"),
    "against_merged_note": (
        "mxfp4와 merged-bf16의 차이입니다. 학습으로 줄어든 바이트당 비트 가운데 mxfp4에 남은 "
        "몫: {kept}.",
        "The difference of mxfp4 from merged-bf16. Of the drop in bits per byte that the tuning "
        "made, mxfp4 keeps: {kept}.",
    ),
    "difference": ("차이", "difference"),
    "scores_by": ("나누어 본 점수", "Scores by group"),
    "by_source": ("출처별", "By source"),
    "by_style": ("문체별", "By style"),
    "by_topic": ("주제별", "By topic"),
    "no_topics": (
        "주제를 묻는 출처가 없어 주제별 점수가 없습니다.",
        "No source asks for a topic, so there are no scores by topic.",
    ),
    "evaluation_sets": ("평가 세트", "Evaluation sets"),
    "no_evaluation_sets": (
        "평가용으로 따로 둔 출처가 없습니다.",
        "No source is set aside for evaluation.",
    ),
    "personal_data_in_answers": (
        "merged-bf16의 답에서 찾은 개인정보: {found}.",
        "Personal data found in the answers of merged-bf16: {found}.",
    ),
    "no_personal_data_in_answers": (
        "merged-bf16의 답에는 개인정보가 없습니다.",
        "No personal data was found in the answers of merged-bf16.",
    ),
    # drift
    "drift": ("지난 릴리스와의 차이", "Drift since the last release"),
    "no_release": (
        "비교할 릴리스를 정하지 않았습니다(gate.release).",
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
        "{rows}개, 토큰은 {tokens}개이며 그중 {trained}개가 학습 대상입니다. 토큰당 "
        "검증 손실(nats)은 학습 전 {before}, 학습 후 {after}입니다.",
        "{trainable} of {total} parameters were trained for {steps} steps on {rows} rows with "
        "{tokens} tokens, {trained} of them trained. The validation loss went from {before} to "
        "{after} nats a token.",
    ),
    # data
    "data": ("데이터의 흐름", "Where the rows went"),
    "rows_of_steps": ("단계별 행 수", "Rows by step"),
    "step": ("단계", "step"),
    "dropped": ("뺀 행", "dropped"),
    "left": ("남은 행", "left"),
    "read": ("읽음", "read"),
    "quarantined": ("격리", "quarantined"),
    "masked": ("가림", "masked"),
    "to_review": ("확인 필요", "to review"),
    "curated": ("선별 후", "curated"),
    "by_source_rows": ("출처별 행 수", "Rows by source"),
    "personal_data": ("가린 개인정보", "Personal data masked"),
    "masked_note": (
        "행 {rows}개에서 값 {values}개를 가렸습니다.",
        "{values} values were masked in {rows} rows.",
    ),
    "nothing_masked": ("가린 개인정보가 없습니다.", "No personal data was found to mask."),
    "lengths_and_mix": ("길이와 배합", "Lengths and mix"),
    # weights
    "weights": ("가중치와 양자화", "Weights and quantisation"),
    "weights_note": (
        "병합으로 가중치 {merged}개가 바뀌었습니다(노름 대비 평균 {change}). MXFP4로 바꾼 텐서는 "
        "{quantised}개이고 상대 제곱 오차는 평균 {mse}, 최대 {worst}입니다. 그대로 둔 텐서는 "
        "{passed}개입니다. 크기는 {before}바이트에서 {after}바이트가 되었습니다.",
        "The merge changed {merged} weights, by {change} of their norm on average. {quantised} "
        "tensors were quantised to MXFP4, with a relative squared error of {mse} on average and "
        "{worst} at most; {passed} were passed through. {before} bytes became {after}.",
    ),
    "delta_note": (
        "양자화한 텐서 가운데 조정된 것은 {tensors}개이며, 조정분이 평균 {mean}, 최소 {least} "
        "남았습니다.",
        "Of the tuning of {tensors} quantised tensors the export keeps {mean} on average and "
        "{least} at least.",
    ),
    "compare_note": (
        "검증 분할의 토큰 {tokens}개를 하나씩 견주면, 병합 모델과의 KL은 {kl} nats이고 가장 "
        "유력한 토큰이 같은 비율은 {top1}입니다.",
        "Token by token on {tokens} tokens of the validation split: KL {kl} nats from the merged "
        "model, and the same likeliest token in {top1}.",
    ),
    "all_weights": ("가중치별 수치", "Figures of each weight"),
    "weight": ("가중치", "weight"),
    # confusion, samples, record
    "confusion": ("어디서 헷갈리는가", "What is mistaken for what"),
    "samples": ("나란히 놓고 보는 예", "Samples side by side"),
    "samples_note": (
        "시험 분할에서 시드 {seed}에 따라 고른 {count}개이며, 모든 문체가 제 몫을 갖습니다. "
        "개인정보는 가렸습니다.",
        "{count} rows of the test split, chosen by seed {seed} so that every style has its share. "
        "Personal data is masked.",
    ),
    "question": ("질문", "question"),
    "reference": ("참조 답", "reference"),
    "no_answer": ("(빈 답)", "(empty)"),
    "record": ("도구와 버전", "Libraries and tokenizers"),
    "record_note": (
        "점수는 형태소 분석기와 토크나이저의 버전에 따라 달라질 수 있습니다.",
        "Scores may differ under other versions of the analyser and the tokenizers.",
    ),
    "name": ("이름", "name"),
}

CHARTS = {
    "chart.forest": ("base와의 차이와 95 % 구간", "Difference from base, with 95 % intervals"),
    "chart.forest.caption": (
        "0 선의 오른쪽이면 좋아진 것이고, 가로선이 0 선에 걸쳐 속이 빈 표식은 잡음 범위입니다. "
        "눈금은 줄마다 다르며, 오른쪽 숫자는 merged-bf16의 차이입니다.",
        "Right of the zero line is better; a bar that crosses it, with a hollow mark, is within "
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
        "선은 학습 손실, 점은 검증 손실입니다. 학습 손실만 내려가고 검증 손실이 오르면 "
        "과적합입니다.",
        "The line is the training loss, the dots the validation loss. If the dots rise while the "
        "line falls, the model learns its rows by heart.",
    ),
    "chart.gradient": ("기울기 노름", "Gradient norm"),
    "chart.gradient.caption": (
        "뾰족하게 솟은 곳은 불안정했던 단계입니다. 자르기 전의 값입니다.",
        "Spikes are steps at which the training was unstable. The values are before clipping.",
    ),
    "chart.flow": ("읽은 행에서 학습한 행까지", "From rows read to rows trained"),
    "chart.flow.caption": (
        "위에서 아래로 읽습니다. 굵은 막대는 남은 행, 그 끝의 가는 막대는 이유별로 뺀 행입니다.",
        "Read from the top: thick bars are the rows that are left, the thin ones at their ends "
        "what was dropped, by reason.",
    ),
    "chart.masked": ("종류와 출처별로 가린 값", "Values masked, by type and source"),
    "chart.masked.caption": (
        "칸이 진할수록 많이 가렸습니다. 빈칸은 한 번도 나오지 않은 것입니다.",
        "The stronger a cell, the more values. An empty cell is a type that did not occur.",
    ),
    "chart.lengths": ("토큰 길이 분포", "Token lengths"),
    "chart.lengths.caption": (
        "대화 하나를 모델의 토큰으로 센 길이입니다. 구간의 폭은 두 배씩 넓어집니다.",
        "The length of a conversation in tokens of the model. Each bin is twice as wide as the "
        "one before.",
    ),
    "chart.mix": ("배합: 목표와 결과", "The mix, asked and achieved"),
    "chart.mix.caption": (
        "세로선은 설정한 비율, 막대는 실제 비율입니다. 막대 끝이 세로선에 닿으면 목표대로입니다.",
        "The upright mark is the share that was asked for, the bars what was achieved; they should "
        "end at the mark.",
    ),
    "chart.quantisation": ("층별 양자화 오차", "Quantisation error by layer"),
    "chart.quantisation.caption": (
        "낮을수록 원래 가중치에 가깝습니다. 홀로 솟은 층은 MXFP4로 옮기기 어려운 층입니다.",
        "Lower is nearer to the weights as they were. A layer that stands out is hard to hold in "
        "MXFP4.",
    ),
    "chart.kept": ("층별로 남은 조정분", "What is left of the tuning, by layer"),
    "chart.kept.caption": (
        "1이면 조정분이 그대로 남은 것이고, 0이면 반올림에 사라진 것입니다.",
        "At 1 the tuning is whole; at 0 the rounding took all of it.",
    ),
    "chart.topics": ("물은 주제와 답한 주제", "Topic asked and topic answered"),
    "chart.topics.caption": (
        "줄은 정답, 칸은 merged-bf16의 답입니다. 대각선 밖의 진한 칸이 자주 헷갈리는 짝입니다.",
        "Rows are the right topics, columns what merged-bf16 answered. Strong cells off the "
        "diagonal are pairs that it confuses.",
    ),
    "chart.levels": ("문체와 답의 종결 어미", "Style asked and speech level answered"),
    "chart.levels.caption": (
        "줄은 요청한 문체, 칸은 merged-bf16의 답이 끝난 말투입니다. 숫자는 답의 수입니다.",
        "Rows are the styles that were asked for, columns the speech levels in which merged-bf16 "
        "ended. Numbers are answers.",
    ),
    # axes
    "axis.step": ("단계", "step"),
    "axis.loss": ("손실(토큰당 nats)", "loss (nats a token)"),
    "axis.gradient": ("기울기 노름", "gradient norm"),
    "axis.rows": ("행 수", "rows"),
    "axis.tokens": ("토큰 수", "tokens"),
    "axis.share": ("비율(%)", "share (%)"),
    "axis.layer": ("층", "layer"),
    "axis.error": ("상대 제곱 오차", "relative squared error"),
    "axis.kept": ("남은 비율", "share kept"),
    "axis.asked": ("목표", "asked"),
    "axis.learning": ("학습 손실", "training loss"),
    "axis.validating": ("검증 손실", "validation loss"),
    "axis.left": ("남은 행", "rows left"),
    "axis.dropped": ("뺀 행", "rows dropped"),
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
    "flow.untied": ("분할 간 겹침 제거 후", "after leaks between splits"),
    "flow.mixed": ("배합 후", "mixed"),
    "flow.split": ("학습 분할", "training split"),
    "flow.trained": ("학습한 행", "trained"),
    "reason.too_short": ("너무 짧음", "too short"),
    "reason.too_long": ("너무 긺", "too long"),
    "reason.foreign_script": ("다른 문자가 많음", "foreign script"),
    "reason.not_korean": ("한국어가 아님", "not Korean"),
    "reason.in_evaluation_set": ("평가 세트와 겹침", "in an evaluation set"),
    "reason.exact_duplicate": ("똑같은 행", "exact duplicate"),
    "reason.near_duplicate": ("거의 같은 행", "near duplicate"),
    "reason.leaks_an_answer": ("평가 답이 들어 있음", "leaks an answer"),
    "reason.near_a_held_out_row": ("평가 행과 거의 같음", "near a held-out row"),
    "reason.wrong_start": ("잘못된 첫머리", "wrong start"),
    "reason.warning": ("경고 문구 초과", "too many warnings"),
    "reason.ratio": ("비율을 맞추고 남음", "left over by the ratio"),
    "reason.repeats": ("되풀이해 씀", "used again"),
    "reason.nothing_to_train": ("학습할 토큰 없음", "nothing to train"),
    "reason.for_validation": ("검증 분할로", "to the validation split"),
    "reason.for_test": ("시험 분할로", "to the test split"),
    "reason.invalid_json": ("JSON이 아님", "invalid JSON"),
    "reason.not_an_object": ("객체가 아님", "not an object"),
    "reason.duplicate_keys": ("키가 겹침", "duplicate keys"),
    "reason.wrong_roles": ("역할 순서가 틀림", "wrong roles"),
    "reason.not_an_exchange": ("주고받은 대화가 아님", "not an exchange"),
    "reason.style_not_allowed": ("허용되지 않은 문체", "style not allowed"),
    "reason.wrong_style": ("문체 이름이 틀림", "wrong style"),
    "reason.outside_window": ("기간을 벗어남", "outside the window"),
}

FIGURES = {
    "figure.ingest.quarantined_share": ("격리한 행의 비율", "share of rows in quarantine"),
    "figure.scrub.masked_share": ("개인정보를 가린 행의 비율", "share of rows with a mask"),
    "figure.contrast.sets.test.gain_kept.mxfp4": (
        "바이트당 비트의 개선 가운데 mxfp4에 남은 몫",
        "share of the drop in bits per byte that mxfp4 keeps",
    ),
    "figure.drift.share_by_source": ("출처 비율의 거리", "distance of the shares of sources"),
    "figure.drift.share_by_style": ("문체 비율의 거리", "distance of the shares of styles"),
    "figure.drift.rows_by_tokens": ("토큰 길이 분포의 거리", "distance of the token lengths"),
    "figure.drift.masked_by_type": ("가린 값 종류의 거리", "distance of the types masked"),
    "figure.train.grad_norm_max": ("기울기 노름의 최댓값", "largest gradient norm"),
    "figure.train.validation_loss_nats": ("검증 손실", "validation loss"),
    "figure.compare/mxfp4.top1_agreement": (
        "가장 유력한 토큰이 같은 비율",
        "share of tokens that are the likeliest of both",
    ),
    "figure.compare/mxfp4.kl_nats": ("병합 모델과의 KL(nats)", "KL from the merged model, nats"),
    # of drift
    "figure.rows_trained": ("학습 분할의 행", "rows of the training split"),
    "figure.trained_tokens": ("학습 대상 토큰", "trained tokens"),
    "figure.quarantined_share": ("격리한 행의 비율", "share of rows in quarantine"),
    "figure.masked_share": ("개인정보를 가린 행의 비율", "share of rows with a mask"),
    "figure.validation_loss_nats": ("검증 손실", "validation loss"),
    "figure.grad_norm_max": ("기울기 노름의 최댓값", "largest gradient norm"),
    "distribution.share_by_source": ("출처 비율", "shares of sources"),
    "distribution.share_by_style": ("문체 비율", "shares of styles"),
    "distribution.rows_by_tokens": ("토큰 길이", "token lengths"),
    "distribution.masked_by_type": ("가린 값의 종류", "types of values masked"),
    # why a rule does not apply, by the codes of gate.json
    "why.no_release": ("비교할 릴리스를 정하지 않음", "no release is named"),
    "why.nothing_to_measure": (
        "잴 대상이 없음",
        "there is nothing that it could be measured on",
    ),
    "why.not_in_release": (
        "릴리스에 이 지표가 없음",
        "the release has no such figure",
    ),
    "why.no_interval": (
        "확신할 근거가 되는 구간이 없음",
        "it has no interval to be certain by",
    ),
}

MEASURES = {f"measure.{name}": (measure.ko, measure.en) for name, measure in TABLE.items()}
WORDS: dict[str, tuple[str, str]] = PAGE | CHARTS | MEASURES | NAMES | FIGURES
