"""Sentences to learn a small vocabulary from, in several scripts."""

TEXT = (
    "The weaver Ottilie sold forty baskets at the harbour market, and her brother counted the coins twice.",
    "Where did the ferry from Lindholm arrive on the second of March? It arrived at the old stone pier (north side).",
    "Die Brücke über den Fluss wurde im Jahr 1871 von einer kleinen Gesellschaft gebaut.",
    "الجسر القديم يقع في المدينة الكبيرة بجانب النهر",
    "這座橋在一八七一年建成，位於河流的北岸。",
    "पुराना पुल नदी के उत्तर में है।",
    "สะพานเก่าอยู่ทางเหนือของแม่น้ำ",
    "Старый мост стоит на северном берегу реки.",
)
