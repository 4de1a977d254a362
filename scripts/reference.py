"""The obvious script: what one writes in twenty minutes with the four packages.

It is the yardstick of `scripts/benchmark.py` and nothing else: written plainly, then frozen. Making it faster or
slower would move the yardstick. It imports nothing of the explorer.

    python scripts/reference.py build   DIGEST.md OUT --model MODEL
    python scripts/reference.py similar ID        OUT --model MODEL
    python scripts/reference.py text    "WORDS"   OUT --model MODEL
"""

import argparse
import json
import re
from pathlib import Path

import faiss
import numpy as np
import pandas as pd
import plotly.express as px
import umap
from sentence_transformers import SentenceTransformer


def read_digest(path: Path) -> pd.DataFrame:
    records = []
    for block in re.split(r"^### ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
        heading, _, body = block.partition("\n")
        title = re.sub(r"^\d+\.|\[ :arrow_down: \].*", "", heading).strip()
        paper_id = heading.rsplit("/pdf/", 1)[1].removesuffix(")").removesuffix(".pdf")
        records.append({"id": paper_id, "title": title, "abstract": body.strip().removeprefix(">").strip()})
    return pd.DataFrame(records)


def build(source: Path, out: Path, model_name: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    papers = read_digest(source)
    model = SentenceTransformer(model_name)
    texts = (papers["title"] + ". " + papers["abstract"]).tolist()
    vectors = model.encode(texts, batch_size=32, normalize_embeddings=True)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    similarities, neighbors = index.search(vectors, 11)
    coordinates = umap.UMAP(metric="cosine", random_state=42).fit_transform(vectors)
    papers["x"], papers["y"] = coordinates[:, 0], coordinates[:, 1]
    papers["nearest"] = [papers["title"][row[1]] for row in neighbors]
    figure = px.scatter(papers, x="x", y="y", hover_name="title", hover_data=["id", "nearest"])
    figure.write_html(out / "map.html")
    np.save(out / "vectors.npy", vectors)
    faiss.write_index(index, str(out / "index.faiss"))
    papers.to_json(out / "papers.json", orient="records")
    print(json.dumps({"papers": len(papers), "first": papers["nearest"][0]}))


def answer(query: str, out: Path, model_name: str, by_id: bool) -> None:
    papers = pd.read_json(out / "papers.json", dtype={"id": str})
    index = faiss.read_index(str(out / "index.faiss"))
    if by_id:
        vector = np.load(out / "vectors.npy")[papers.index[papers["id"] == query][0]][None]
    else:
        vector = SentenceTransformer(model_name).encode([query], normalize_embeddings=True)
    similarities, rows = index.search(vector, 11)
    for similarity, row in zip(similarities[0], rows[0], strict=True):
        print(f"{similarity:.3f}  {papers['id'][row]}  {papers['title'][row]}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["build", "similar", "text"])
    parser.add_argument("what")
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="sentence-transformers/all-MiniLM-L6-v2")
    arguments = parser.parse_args()
    if arguments.command == "build":
        build(Path(arguments.what), arguments.out, arguments.model)
    else:
        answer(arguments.what, arguments.out, arguments.model, by_id=arguments.command == "similar")


if __name__ == "__main__":
    main()
